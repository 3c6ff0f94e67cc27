/* Pages for people: HTML templates embedded in the program, values escaped by where they stand. A template is HTML with
 *
 *   {{name}}                    a value: as text, inside a double-quoted attribute, or as a URL in href, src, action, formaction
 *   {{#name}} … {{/name}}       once for each object of a list (its members come first), or when the value is true or a text that
 *                               is not empty
 *   {{^name}} … {{/name}}       when it is not
 *   {{>file}}                   another template here
 *
 * What would need another escape (script, style, comments, tag names, unquoted attributes) is refused when the templates are
 * compiled, and a name that has no value when a page is made: both are faults of ours that tests find. A URL is a path of ours ("/…"),
 * or http or https; else it is "#". */
#pragma once

#include <gio/gio.h>
#include <jansson.h>

typedef struct PageSet PageSet; /* process lifetime; read by any thread */

typedef enum { PAGE_ERROR_TEMPLATE, PAGE_ERROR_VALUE } PageErrorCode;
#define PAGE_ERROR (page_error_quark())
GQuark page_error_quark(void);

/* Compiles each *.html below folder of the resource ("/gatepost/portal"). NULL with the file and what is wrong. */
PageSet *page_set_new(GResource *resource, const char *folder, GError **error);
void page_set_free(PageSet *pages);
/* The page `name` ("error") with its values, an object. NULL with an error. Free with g_free. */
char *page_render(const PageSet *pages, const char *name, const json_t *values, GError **error);
/* The same from a template's text alone, for tests; it may include nothing. */
char *page_render_text(const char *text, const json_t *values, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(PageSet, page_set_free)
