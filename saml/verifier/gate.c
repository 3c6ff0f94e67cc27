#include "saml/verifier/gate.h"

#include <libxml/SAX2.h>
#include <libxml/parserInternals.h>
#include <string.h>

#include "lib/limits.h"
#include "saml/verifier/gate_scan.h"

/* libxml2's SAX2 arrays: (name, prefix, namespace, value, end of value) an attribute, (prefix, namespace) a declaration. */
enum { ATTRIBUTE_NAME, ATTRIBUTE_PREFIX, ATTRIBUTE_NS, ATTRIBUTE_VALUE, ATTRIBUTE_END, ATTRIBUTE_PARTS };
enum { DECLARED_PREFIX, DECLARED_NS, DECLARED_PARTS };

typedef struct {
  gsize bytes;
  guint elements, namespaces;
  gboolean comments; /* are left out rather than refused */
} GateRules;

static const GateRules message_rules = {LIMIT_SAML_MESSAGE_BYTES, LIMIT_SAML_ELEMENTS,
                                        LIMIT_SAML_NAMESPACES_ALL, FALSE};
static const GateRules metadata_rules = {LIMIT_SAML_METADATA_BYTES, LIMIT_SAML_METADATA_ELEMENTS,
                                         LIMIT_SAML_METADATA_NAMESPACES, TRUE};

/* What the handlers count; hangs on the parser as its private data. */
typedef struct {
  const GateRules *rules;
  SamlFailure failure; /* the first */
  guint elements, depth, namespaces;
  gsize text;      /* bytes of the text node that is being read */
  GHashTable *ids; /* set of char * */
} Gate;

static Gate *gate_of(void *parser) {
  return ((xmlParserCtxt *)parser)->_private;
}

static void fail(void *parser, SamlFailure failure) {
  Gate *gate = gate_of(parser);
  if (gate->failure == SAML_OK)
    gate->failure = failure;
  xmlStopParser(parser);
}

static gboolean is_short(const xmlChar *name) {
  return name == NULL || strlen((const char *)name) <= LIMIT_SAML_NAME_BYTES;
}

/* C20: absolute, or the default namespace taken back. One with '&' would be read in two ways. */
static SamlFailure check_namespace(const xmlChar *prefix, const char *ns) {
  gsize n = strlen(ns);
  if (!is_short(prefix) || n > LIMIT_SAML_VALUE_BYTES)
    return SAML_LIMIT_NS;
  if (n == 0)
    return prefix == NULL ? SAML_OK : SAML_BAD_XML;
  gsize scheme = 0;
  while (g_ascii_isalnum(ns[scheme]) ||
         (scheme > 0 && strchr("+-.", ns[scheme]) != NULL && ns[scheme] != '\0'))
    scheme++;
  gboolean absolute = g_ascii_isalpha(ns[0]) && ns[scheme] == ':';
  return absolute && strchr(ns, '&') == NULL ? SAML_OK : SAML_BAD_XML;
}

static SamlFailure check_namespaces(Gate *gate, int n, const xmlChar **declared) {
  gate->namespaces += (guint)n;
  if (gate->namespaces > gate->rules->namespaces || n > LIMIT_SAML_NAMESPACES)
    return SAML_LIMIT_NS;
  SamlFailure failure = SAML_OK;
  for (int i = 0; i < n && failure == SAML_OK; i++) {
    const xmlChar **one = &declared[i * DECLARED_PARTS];
    const char *ns = one[DECLARED_NS] == NULL ? "" : (const char *)one[DECLARED_NS];
    failure = check_namespace(one[DECLARED_PREFIX], ns);
  }
  return failure;
}

/* C24: whatever its spelling, an ID is an XML name and stands once. */
static SamlFailure check_id(Gate *gate, const char *value, gsize n) {
  g_autofree char *id = g_strndup(value, n);
  if (n > LIMIT_SAML_NAME_BYTES || xmlValidateNCName((const xmlChar *)id, 0) != 0)
    return SAML_DUP_ID;
  return g_hash_table_add(gate->ids, g_steal_pointer(&id)) ? SAML_OK : SAML_DUP_ID;
}

static SamlFailure check_attribute(Gate *gate, const xmlChar **attribute) {
  const char *name = (const char *)attribute[ATTRIBUTE_NAME];
  const char *value = (const char *)attribute[ATTRIBUTE_VALUE];
  gsize n = (gsize)(attribute[ATTRIBUTE_END] - attribute[ATTRIBUTE_VALUE]);
  if (!is_short(attribute[ATTRIBUTE_NAME]) || !is_short(attribute[ATTRIBUTE_PREFIX]) ||
      n > LIMIT_SAML_VALUE_BYTES)
    return SAML_LIMIT_ATTRIBUTES;
  if (g_strcmp0((const char *)attribute[ATTRIBUTE_PREFIX], "xml") == 0)
    return g_str_equal(name, "lang") || g_str_equal(name, "space") ? SAML_OK : SAML_BAD_STRUCTURE;
  gboolean is_id = attribute[ATTRIBUTE_PREFIX] == NULL && g_ascii_strcasecmp(name, "ID") == 0;
  return is_id ? check_id(gate, value, n) : SAML_OK;
}

static SamlFailure check_attributes(Gate *gate, int n, const xmlChar **attributes) {
  if (n > LIMIT_SAML_ATTRIBUTES)
    return SAML_LIMIT_ATTRIBUTES;
  SamlFailure failure = SAML_OK;
  for (int i = 0; i < n && failure == SAML_OK; i++)
    failure = check_attribute(gate, &attributes[i * ATTRIBUTE_PARTS]);
  return failure;
}

static SamlFailure check_counts(Gate *gate, const xmlChar *name, const xmlChar *prefix) {
  gate->text = 0;
  if (++gate->elements > gate->rules->elements)
    return SAML_LIMIT_ELEMENTS;
  if (++gate->depth > LIMIT_SAML_DEPTH)
    return SAML_LIMIT_DEPTH;
  return is_short(name) && is_short(prefix) ? SAML_OK : SAML_LIMIT_ATTRIBUTES;
}

/* libxml2's signature, hence so many parameters. */
static void on_start(void *parser, const xmlChar *name, const xmlChar *prefix, const xmlChar *ns,
                     int n_namespaces, const xmlChar **namespaces, int n_attributes, int n_defaulted,
                     const xmlChar **attributes) {
  Gate *gate = gate_of(parser);
  SamlFailure failure = check_counts(gate, name, prefix);
  if (failure == SAML_OK)
    failure = check_namespaces(gate, n_namespaces, namespaces);
  if (failure == SAML_OK)
    failure = check_attributes(gate, n_attributes, attributes);
  if (failure != SAML_OK)
    fail(parser, failure);
  else
    xmlSAX2StartElementNs(parser, name, prefix, ns, n_namespaces, namespaces, n_attributes, n_defaulted,
                          attributes);
}

static void on_end(void *parser, const xmlChar *name, const xmlChar *prefix, const xmlChar *ns) {
  Gate *gate = gate_of(parser);
  gate->depth--;
  gate->text = 0;
  xmlSAX2EndElementNs(parser, name, prefix, ns);
}

/* Comes in pieces; libxml2 joins neighbours into one node. */
static void on_text(void *parser, const xmlChar *text, int n) {
  Gate *gate = gate_of(parser);
  gate->text += (gsize)n;
  if (gate->text > LIMIT_SAML_TEXT_BYTES)
    fail(parser, SAML_TOO_LARGE);
  else
    xmlSAX2Characters(parser, text, n);
}

static void on_comment(void *parser, const xmlChar *text G_GNUC_UNUSED) {
  if (!gate_of(parser)->rules->comments)
    fail(parser, SAML_COMMENT);
}

static void on_instruction(void *parser, const xmlChar *target G_GNUC_UNUSED,
                           const xmlChar *data G_GNUC_UNUSED) {
  fail(parser, SAML_PI);
}

static void on_cdata(void *parser, const xmlChar *text G_GNUC_UNUSED, int n G_GNUC_UNUSED) {
  fail(parser, SAML_CDATA);
}

/* At the name after DOCTYPE, before anything in it is read. */
static void on_doctype(void *parser, const xmlChar *name G_GNUC_UNUSED, const xmlChar *external G_GNUC_UNUSED,
                       const xmlChar *system_id G_GNUC_UNUSED) {
  fail(parser, SAML_DOCTYPE);
}

/* What libxml2 has to say would quote the message: it is enough that it is not well-formed. */
static void on_error(void *parser G_GNUC_UNUSED, xmlErrorPtr error G_GNUC_UNUSED) {
}

/* Nothing else has a handler: no entity is known but the five, nothing outside is resolved. */
static const xmlSAXHandler handlers = {
    .initialized = XML_SAX2_MAGIC,
    .startDocument = xmlSAX2StartDocument,
    .endDocument = xmlSAX2EndDocument,
    .startElementNs = on_start,
    .endElementNs = on_end,
    .characters = on_text,
    .ignorableWhitespace = on_text,
    .comment = on_comment,
    .processingInstruction = on_instruction,
    .cdataBlock = on_cdata,
    .internalSubset = on_doctype,
    .serror = on_error,
};

static xmlDoc *run(xmlParserCtxt *parser, Gate *gate) {
  *parser->sax = handlers;
  parser->_private = gate;
  xmlCtxtUseOptions(parser, XML_PARSE_NONET);
  xmlParseDocument(parser);
  g_autoptr(xmlDoc) document = g_steal_pointer(&parser->myDoc);
  if (gate->failure == SAML_OK && (!parser->wellFormed || !parser->nsWellFormed || document == NULL))
    gate->failure = SAML_BAD_XML;
  return gate->failure == SAML_OK ? g_steal_pointer(&document) : NULL;
}

static xmlDoc *parse(const char *bytes, gsize n, const GateRules *rules, SamlFailure *failure) {
  gsize begin = 0;
  *failure = n > rules->bytes
                 ? SAML_TOO_LARGE
                 : saml_gate_scan(bytes, n, LIMIT_SAML_ATTRIBUTES + LIMIT_SAML_NAMESPACES, &begin);
  if (*failure != SAML_OK)
    return NULL;
  xmlParserCtxt *parser = xmlCreateMemoryParserCtxt(bytes + begin, (int)(n - begin));
  if (parser == NULL) {
    *failure = SAML_BAD_XML;
    return NULL;
  }
  g_autoptr(GHashTable) ids = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  Gate gate = {.rules = rules, .ids = ids};
  xmlDoc *document = run(parser, &gate);
  xmlFreeParserCtxt(parser);
  *failure = gate.failure;
  return document;
}

xmlDoc *saml_gate_parse(const char *bytes, gsize n, SamlFailure *failure) {
  return parse(bytes, n, &message_rules, failure);
}

xmlDoc *saml_gate_parse_metadata(const char *bytes, gsize n, SamlFailure *failure) {
  return parse(bytes, n, &metadata_rules, failure);
}
