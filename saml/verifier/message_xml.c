#include "saml/verifier/message_xml.h"

#include <string.h>

#include "lib/clock.h"

xmlDoc *saml_message_new(const char *ns, const char *prefix, const char *name) {
  xmlDoc *document = xmlNewDoc(BAD_CAST "1.0");
  xmlNode *root = xmlNewDocNode(document, NULL, BAD_CAST name, NULL);
  xmlDocSetRootElement(document, root);
  xmlSetNs(root, saml_message_ns(root, ns, prefix));
  return document;
}

xmlNs *saml_message_ns(xmlNode *element, const char *ns, const char *prefix) {
  return xmlNewNs(element, BAD_CAST ns, BAD_CAST prefix);
}

xmlNode *saml_message_child(xmlNode *parent, xmlNs *ns, const char *name, const char *text) {
  return xmlNewTextChild(parent, ns, BAD_CAST name, BAD_CAST text);
}

void saml_message_set(xmlNode *element, const char *name, const char *value) {
  if (value != NULL)
    xmlNewProp(element, BAD_CAST name, BAD_CAST value);
}

void saml_message_set_time(xmlNode *element, const char *name, gint64 us) {
  char text[CLOCK_TEXT_BYTES];
  clock_format(us, text);
  char *fraction = strchr(text, '.');
  if (fraction != NULL)
    g_strlcpy(fraction, "Z", 2);
  saml_message_set(element, name, text);
}

char *saml_message_text(xmlDoc *document, gsize *n) {
  xmlBuffer *buffer = xmlBufferCreate();
  xmlNodeDump(buffer, document, xmlDocGetRootElement(document), 0, 0);
  *n = (gsize)xmlBufferLength(buffer);
  char *text = g_strndup((const char *)xmlBufferContent(buffer), *n);
  xmlBufferFree(buffer);
  return text;
}
