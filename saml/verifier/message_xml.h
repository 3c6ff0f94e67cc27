/* Small steps of making XML: text is always text. */
#pragma once

#include <libxml/tree.h>

#include <glib.h>

/* A document with one element of that name in that namespace. */
xmlDoc *saml_message_new(const char *ns, const char *prefix, const char *name);
/* A child; ns is one that parent or an ancestor declares. text may be NULL. */
xmlNode *saml_message_child(xmlNode *parent, xmlNs *ns, const char *name, const char *text);
xmlNs *saml_message_ns(xmlNode *element, const char *ns, const char *prefix);
/* Nothing when value is NULL. */
void saml_message_set(xmlNode *element, const char *name, const char *value);
/* As xs:dateTime, whole seconds. */
void saml_message_set_time(xmlNode *element, const char *name, gint64 us);
/* Without an XML declaration; g_free. */
char *saml_message_text(xmlDoc *document, gsize *n);
