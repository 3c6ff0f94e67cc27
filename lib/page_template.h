/* The compiled form of a template (lib/page.h): a tree of literal text, values with the escape that their place asks for, and sections. */
#pragma once

#include "lib/page.h"

typedef enum { PAGE_LITERAL, PAGE_VALUE, PAGE_SECTION, PAGE_INVERTED, PAGE_INCLUDE } PageNodeKind;
typedef enum {
  PAGE_AS_TEXT,     /* text or a double-quoted attribute: & < > " ' */
  PAGE_AS_URL,      /* the whole, or the beginning, of a URL */
  PAGE_AS_URL_PART, /* further on in a URL: percent-encoded */
} PageEscape;

typedef struct {
  PageNodeKind kind;
  PageEscape escape;
  char *text;          /* the literal, or the name */
  GPtrArray *children; /* PageNode, of a section; NULL else */
} PageNode;

void page_node_free(PageNode *node);
/* A section without a name that holds the whole. NULL with a PAGE_ERROR_TEMPLATE that names what stands wrong. */
PageNode *page_template_compile(const char *text, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(PageNode, page_node_free)
