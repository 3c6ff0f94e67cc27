#include "saml/verifier/gate.h"

#include <string.h>
#include <zlib.h>

#include "lib/limits.h"

typedef struct {
  const char *xml;
  SamlFailure failure;
} GateCase;

static const GateCase cases[] = {
    {"<r/>", SAML_OK},
    {"\357\273\277<r/>", SAML_OK},
    {"<?xml version=\"1.0\"?><r/>", SAML_OK},
    {"<?xml version='1.0' encoding='utf-8'?>\n<r/>\n", SAML_OK},
    {"\357\273\277<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"no\" ?><r/>", SAML_OK},
    {"<r xmlns='urn:a' xmlns:b='https://b.example/'><b:c d='1' b:d='2'/></r>", SAML_OK},
    {"<a:r xmlns:a='urn:a'><c xmlns=''/></a:r>", SAML_OK},
    {"<r xml:lang='de' xml:space='preserve'/>", SAML_OK},
    {"<r a='&quot;&#65;&amp;&lt;&gt;'>&apos;&#x42;&amp;</r>", SAML_OK},
    {"<r a='a=b=c&amp;d=e'>a=b</r>", SAML_OK},
    {"<r ID='_a'><b ID='_b'/><c Id='_c' id2='_c'/></r>", SAML_OK},

    {"", SAML_BAD_XML},
    {" ", SAML_BAD_XML},
    {"x", SAML_BAD_XML},
    {"<r>", SAML_BAD_XML},
    {"<r/><r/>", SAML_BAD_XML},
    {"<r/>x", SAML_BAD_XML},
    {"<r></s>", SAML_BAD_XML},
    {"<r a='1' a='2'/>", SAML_BAD_XML},
    {"<r a=1/>", SAML_BAD_XML},
    {"<r a='<'/>", SAML_BAD_XML},
    {"<r>]]></r>", SAML_BAD_XML},
    {"<r>\001</r>", SAML_BAD_XML},
    {"<r>\357\277\277</r>", SAML_BAD_XML},
    {" <?xml version='1.0'?><r/>", SAML_BAD_XML},
    {"<?xml?><r/>", SAML_BAD_XML},
    {"<?xml encoding='UTF-8'?><r/>", SAML_BAD_XML},
    {"<?xml version='1.0' version='1.0'?><r/>", SAML_BAD_XML},
    {"<?xml version='1.0", SAML_BAD_XML},
    {"<a:r/>", SAML_BAD_XML},
    {"<r a:b='1'/>", SAML_BAD_XML},
    {"<a:b:r xmlns:a='urn:a'/>", SAML_BAD_XML},
    {"<r xmlns:a='urn:a' xmlns:b='urn:a' a:x='1' b:x='2'/>", SAML_BAD_XML},
    {"<r xmlns:a=''/>", SAML_BAD_XML},

    /* C14: entities */
    {"<r>&e;</r>", SAML_BAD_XML},
    {"<r a='&e;'/>", SAML_BAD_XML},
    {"<r>&#0;</r>", SAML_BAD_XML},
    {"<r>&#xFFFFFFFF;</r>", SAML_BAD_XML},
    {"<r>&amp</r>", SAML_BAD_XML},

    /* C13, C15–C17 */
    {"<!DOCTYPE r><r/>", SAML_DOCTYPE},
    {"<?xml version='1.0'?><!DOCTYPE r [<!ENTITY e 'x'>]><r>&e;</r>", SAML_DOCTYPE},
    {"<!DOCTYPE r SYSTEM 'file:///etc/passwd'><r/>", SAML_DOCTYPE},
    {"<!DOCTYPE r [<!ENTITY % p SYSTEM 'http://127.0.0.1:9/p'>%p;]><r/>", SAML_DOCTYPE},
    {"<!DOCTYPE r [<!ATTLIST r ID ID #IMPLIED>]><r/>", SAML_DOCTYPE},
    {"<r><![CDATA[]]></r>", SAML_CDATA},
    {"<r>a<![CDATA[x]]>b</r>", SAML_CDATA},
    {"<!-- --><r/>", SAML_COMMENT},
    {"<r>a<!---->b</r>", SAML_COMMENT},
    {"<r/><!-- x -->", SAML_COMMENT},
    {"<?x?><r/>", SAML_PI},
    {"<r>a<?x y?>b</r>", SAML_PI},
    {"<r/><?xml-stylesheet href='a'?>", SAML_PI},

    /* C18 */
    {"<?xml version='1.0' encoding='ISO-8859-1'?><r/>", SAML_ENCODING},
    {"<?xml version='1.0' encoding='utf-16'?><r/>", SAML_ENCODING},
    {"<?xml version='1.0' encoding=''?><r/>", SAML_ENCODING},
    {"<?xml version='1.1'?><r/>", SAML_ENCODING},
    {"<?xml version='1.1' encoding='UTF-8'?><r/>", SAML_ENCODING},
    {"<r>\377</r>", SAML_ENCODING},
    {"<r>\300\257</r>", SAML_ENCODING},
    {"<r>\355\240\200</r>", SAML_ENCODING},
    {"\376\377", SAML_ENCODING},

    /* C20 */
    {"<r xmlns='a'/>", SAML_BAD_XML},
    {"<r xmlns:e='1'/>", SAML_BAD_XML},
    {"<r xmlns:e='1:a'/>", SAML_BAD_XML},
    {"<r xmlns:e='../a'/>", SAML_BAD_XML},
    {"<r xmlns:e='//a'/>", SAML_BAD_XML},
    {"<r xmlns:e=':a'/>", SAML_BAD_XML},
    {"<r xmlns:e='urn:a&amp;b'/>", SAML_BAD_XML},

    /* C24 */
    {"<r ID='_a'><b ID='_a'/></r>", SAML_DUP_ID},
    {"<r ID='_a'><b Id='_a'/></r>", SAML_DUP_ID},
    {"<r ID='_a' id='_a'/>", SAML_DUP_ID},
    {"<r ID='_a'><b iD='&#95;a'/></r>", SAML_DUP_ID},
    {"<r ID=''/>", SAML_DUP_ID},
    {"<r ID='1'/>", SAML_DUP_ID},
    {"<r ID='a:b'/>", SAML_DUP_ID},
    {"<r ID=' _a'/>", SAML_DUP_ID},
    {"<r ID='a&amp;b'/>", SAML_DUP_ID},
    {"<r xml:id='_a'/>", SAML_BAD_STRUCTURE},
    {"<r xml:base='urn:a'/>", SAML_BAD_STRUCTURE},
};

static void is_judged(const char *xml, gsize n, SamlFailure expected) {
  SamlFailure failure = SAML_FAILURES;
  g_autoptr(xmlDoc) document = saml_gate_parse(xml, n, &failure);
  if (failure != expected)
    g_error("%.60s: %s, not %s", xml, saml_failure_name(failure), saml_failure_name(expected));
  g_assert_cmpint(document != NULL, ==, expected == SAML_OK);
}

static void test_cases(void) {
  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
    is_judged(cases[i].xml, strlen(cases[i].xml), cases[i].failure);
}

static void test_nul(void) {
  is_judged("<r/>\0<evil/>", 12, SAML_BAD_XML);
  is_judged("<r>\0</r>", 8, SAML_BAD_XML);
  is_judged("\0", 1, SAML_BAD_XML);
}

/* C19: each cap holds at its value and breaks one above. What is made is before, then unit n times, then after. */
typedef struct {
  const char *before, *unit, *after;
  guint n;
  SamlFailure failure; /* of n + 1 units */
} CapCase;

static const CapCase caps[] = {
    {"<r>", "<x/>", "</r>", LIMIT_SAML_ELEMENTS - 1, SAML_LIMIT_ELEMENTS},
    {"<r>", "t", "</r>", LIMIT_SAML_TEXT_BYTES, SAML_TOO_LARGE},
    {"<r a='", "v", "'/>", LIMIT_SAML_VALUE_BYTES, SAML_LIMIT_ATTRIBUTES},
    {"<r ", "n", "='v'/>", LIMIT_SAML_NAME_BYTES, SAML_LIMIT_ATTRIBUTES},
    {"<r ID='", "n", "'/>", LIMIT_SAML_NAME_BYTES, SAML_DUP_ID},
    {"<", "n", "/>", LIMIT_SAML_NAME_BYTES, SAML_LIMIT_ATTRIBUTES},
    {"<r xmlns:", "n", "='urn:a'/>", LIMIT_SAML_NAME_BYTES, SAML_LIMIT_NS},
    {"<r xmlns:a='urn:", "n", "'/>", LIMIT_SAML_VALUE_BYTES - 4, SAML_LIMIT_NS},
};

static void check_cap(const CapCase *c, guint n, SamlFailure failure) {
  g_autoptr(GString) xml = g_string_new(c->before);
  for (guint i = 0; i < n; i++)
    g_string_append(xml, c->unit);
  g_string_append(xml, c->after);
  is_judged(xml->str, xml->len, failure);
}

static void test_caps(void) {
  for (gsize i = 0; i < G_N_ELEMENTS(caps); i++) {
    check_cap(&caps[i], caps[i].n, SAML_OK);
    check_cap(&caps[i], caps[i].n + 1, caps[i].failure);
  }
}

/* Two a value, as some identity providers write: more than one element may have, and more than all may. */
static void check_namespaces(guint values, guint each, SamlFailure failure) {
  g_autoptr(GString) xml = g_string_new("<r>");
  for (guint i = 0; i < values; i++) {
    g_string_append(xml, "<x");
    for (guint j = 0; j < each; j++)
      g_string_append_printf(xml, " xmlns:n%u='urn:n'", j);
    g_string_append(xml, "/>");
  }
  g_string_append(xml, "</r>");
  is_judged(xml->str, xml->len, failure);
}

static void test_namespaces(void) {
  check_namespaces(1999, 2, SAML_OK);
  check_namespaces(LIMIT_SAML_NAMESPACES_ALL / 50, 50, SAML_OK);
  check_namespaces(LIMIT_SAML_NAMESPACES_ALL / 50 + 1, 50, SAML_LIMIT_NS);
}

static void check_depth(guint depth, SamlFailure failure) {
  g_autoptr(GString) xml = g_string_new(NULL);
  for (guint i = 0; i < depth; i++)
    g_string_append(xml, "<x>");
  for (guint i = 0; i < depth; i++)
    g_string_append(xml, "</x>");
  is_judged(xml->str, xml->len, failure);
}

static void test_depth(void) {
  check_depth(LIMIT_SAML_DEPTH, SAML_OK);
  check_depth(LIMIT_SAML_DEPTH + 1, SAML_LIMIT_DEPTH);
  check_depth(30000, SAML_LIMIT_DEPTH);
}

/* format gets the attribute's number. */
static void check_attributes(const char *name, const char *value, guint n, SamlFailure failure) {
  g_autoptr(GString) xml = g_string_new("<r");
  for (guint i = 0; i < n; i++)
    g_string_append_printf(xml, " %s%u='%s'", name, i, value);
  g_string_append(xml, "/>");
  is_judged(xml->str, xml->len, failure);
}

static void test_attributes(void) {
  check_attributes("a", "1", LIMIT_SAML_ATTRIBUTES, SAML_OK);
  check_attributes("a", "1", LIMIT_SAML_ATTRIBUTES + 1, SAML_LIMIT_ATTRIBUTES);
  check_attributes("a", ">", LIMIT_SAML_ATTRIBUTES + 1, SAML_LIMIT_ATTRIBUTES);
  check_attributes("xmlns:a", "urn:a", LIMIT_SAML_NAMESPACES, SAML_OK);
  check_attributes("xmlns:a", "urn:a", LIMIT_SAML_NAMESPACES + 1, SAML_LIMIT_NS);
  /* So many that a parser would compare for seconds are refused before it. */
  check_attributes("a", ">", 20000, SAML_LIMIT_ATTRIBUTES);
  check_attributes("xmlns:a", "urn:a", 9000, SAML_LIMIT_ATTRIBUTES);
}

static void test_too_large(void) {
  g_autofree char *blanks = g_strnfill(LIMIT_SAML_MESSAGE_BYTES - 4, ' ');
  g_autofree char *most = g_strconcat("<r/>", blanks, NULL);
  g_autofree char *more = g_strconcat("<r/>", blanks, "\n", NULL);
  is_judged(most, strlen(most), SAML_OK);
  is_judged(more, strlen(more), SAML_TOO_LARGE);
}

/* A later reader finds one text node, and the value that was meant. */
static void test_values(void) {
  static const char xml[] = "<r a='&quot;&amp;&#65;&lt;'>a&amp;b&#x43;\r\n&lt;d&apos;</r>";
  SamlFailure failure;
  g_autoptr(xmlDoc) document = saml_gate_parse(xml, strlen(xml), &failure);
  xmlNode *root = xmlDocGetRootElement(document);
  g_assert_cmpstr((const char *)root->children->content, ==, "a&bC\n<d'");
  g_assert_null(root->children->next);
  g_assert_cmpstr((const char *)root->properties->children->content, ==, "\"&A<");
  g_assert_null(root->properties->children->next);
}

static void test_long_text_is_one_node(void) {
  g_autofree char *text = g_strnfill(LIMIT_SAML_TEXT_BYTES, 't');
  g_autofree char *xml = g_strconcat("<r>", text, "</r>", NULL);
  SamlFailure failure;
  g_autoptr(xmlDoc) document = saml_gate_parse(xml, strlen(xml), &failure);
  xmlNode *root = xmlDocGetRootElement(document);
  g_assert_cmpstr((const char *)root->children->content, ==, text);
  g_assert_null(root->children->next);
}

static const GateCase metadata_cases[] = {
    {"<!-- don't --><r><a/><!-- <b c='1'> --></r><!-- x -->", SAML_OK},
    {"<!DOCTYPE r><r/>", SAML_DOCTYPE},
    {"<r><![CDATA[]]></r>", SAML_CDATA},
    {"<?x?><r/>", SAML_PI},
    {"<r ID='_a'><b ID='_a'/></r>", SAML_DUP_ID},
};

static void test_metadata(void) {
  for (gsize i = 0; i < G_N_ELEMENTS(metadata_cases); i++) {
    SamlFailure failure;
    g_autoptr(xmlDoc) document =
        saml_gate_parse_metadata(metadata_cases[i].xml, strlen(metadata_cases[i].xml), &failure);
    g_assert_cmpint(failure, ==, metadata_cases[i].failure);
    g_assert_cmpint(document != NULL, ==, failure == SAML_OK);
  }
  static const char xml[] = "<r>ab<!-- x -->cd</r>";
  SamlFailure failure;
  g_autoptr(xmlDoc) document = saml_gate_parse_metadata(xml, strlen(xml), &failure);
  xmlNode *root = xmlDocGetRootElement(document);
  g_assert_cmpstr((const char *)root->children->content, ==, "abcd");
  g_assert_null(root->children->next);
}

typedef struct {
  const char *text;
  gsize most;
  SamlFailure failure;
  const char *decoded;
} Base64Case;

static const Base64Case base64_cases[] = {
    {"QQ==", 9, SAML_OK, "A"},
    {"QUI=", 9, SAML_OK, "AB"},
    {"QUJD", 3, SAML_OK, "ABC"},
    {"QU\r\nJD\n", 9, SAML_OK, "ABC"},
    {"QUJDREVGR0g=", 8, SAML_OK, "ABCDEFGH"},
    {"QUJDREVG", 5, SAML_TOO_LARGE, NULL},
    {"QUJDREVGR0g=", 7, SAML_TOO_LARGE, NULL},
    {"QUJDREVGR0g=", 3, SAML_TOO_LARGE, NULL},
    {"", 9, SAML_BAD_BASE64, NULL},
    {"\n", 9, SAML_BAD_BASE64, NULL},
    {"QUJ", 9, SAML_BAD_BASE64, NULL},
    {"QUJDQ", 9, SAML_BAD_BASE64, NULL},
    {"QQ=", 9, SAML_BAD_BASE64, NULL},
    {"QQ===", 9, SAML_BAD_BASE64, NULL},
    {"Q===", 9, SAML_BAD_BASE64, NULL},
    {"====", 9, SAML_BAD_BASE64, NULL},
    {"QQ==QUJD", 9, SAML_BAD_BASE64, NULL},
    {"QQ=A", 9, SAML_BAD_BASE64, NULL},
    {"QU D", 9, SAML_BAD_BASE64, NULL},
    {"QU\tD", 9, SAML_BAD_BASE64, NULL},
    {"QU-_", 9, SAML_BAD_BASE64, NULL},
    {"QU*D", 9, SAML_BAD_BASE64, NULL},
    {"<r/>", 9, SAML_BAD_BASE64, NULL},
};

static void test_base64(void) {
  for (gsize i = 0; i < G_N_ELEMENTS(base64_cases); i++) {
    const Base64Case *c = &base64_cases[i];
    SamlFailure failure;
    gsize n = 0;
    g_autofree char *decoded = saml_gate_base64(c->text, strlen(c->text), c->most, &n, &failure);
    g_assert_cmpint(failure, ==, c->failure);
    g_assert_cmpstr(decoded, ==, c->decoded);
    if (decoded != NULL)
      g_assert_cmpuint(n, ==, strlen(decoded));
  }
}

/* Raw DEFLATE of n times 'A'. */
static GByteArray *deflated(gsize n) {
  g_autofree char *plain = g_strnfill(n, 'A');
  GByteArray *packed = g_byte_array_new();
  g_byte_array_set_size(packed, (guint)n + 100);
  z_stream stream = {
      .next_in = (Bytef *)plain, .avail_in = (uInt)n, .next_out = packed->data, .avail_out = packed->len};
  g_assert_cmpint(deflateInit2(&stream, 9, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY), ==, Z_OK);
  g_assert_cmpint(deflate(&stream, Z_FINISH), ==, Z_STREAM_END);
  g_byte_array_set_size(packed, (guint)stream.total_out);
  deflateEnd(&stream);
  return packed;
}

static void inflates(const GByteArray *packed, gsize most, SamlFailure expected, gsize wanted) {
  SamlFailure failure;
  gsize n = 0;
  g_autofree char *plain = saml_gate_inflate((const char *)packed->data, packed->len, most, &n, &failure);
  g_assert_cmpint(failure, ==, expected);
  g_assert_cmpint(plain != NULL, ==, expected == SAML_OK);
  if (plain != NULL)
    g_assert_cmpuint(strlen(plain), ==, wanted);
}

static void test_inflate(void) {
  static const gsize sizes[] = {0, 1, 100, 16384, 16385, 100000};
  for (gsize i = 0; i < G_N_ELEMENTS(sizes); i++) {
    g_autoptr(GByteArray) packed = deflated(sizes[i]);
    inflates(packed, sizes[i], SAML_OK, sizes[i]);
    if (sizes[i] > 0)
      inflates(packed, sizes[i] - 1, SAML_TOO_LARGE, 0);
    g_byte_array_set_size(packed, packed->len - 1);
    inflates(packed, sizes[i], SAML_BAD_XML, 0);
  }
}

static void test_inflate_refuses(void) {
  g_autoptr(GByteArray) packed = deflated(100);
  g_byte_array_append(packed, (const guint8 *)"x", 1); /* after the end */
  inflates(packed, 1000, SAML_BAD_XML, 0);
  g_autoptr(GByteArray) bomb = deflated(3u << 20);
  inflates(bomb, LIMIT_SAML_MESSAGE_BYTES, SAML_TOO_LARGE, 0);
  g_autoptr(GByteArray) raw = g_byte_array_new();
  g_byte_array_append(raw, (const guint8 *)"<r/>", 4);
  inflates(raw, 1000, SAML_BAD_XML, 0);
  g_byte_array_set_size(raw, 0);
  inflates(raw, 1000, SAML_BAD_XML, 0);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/saml/gate/cases", test_cases);
  g_test_add_func("/saml/gate/nul", test_nul);
  g_test_add_func("/saml/gate/caps", test_caps);
  g_test_add_func("/saml/gate/namespaces", test_namespaces);
  g_test_add_func("/saml/gate/depth", test_depth);
  g_test_add_func("/saml/gate/attributes", test_attributes);
  g_test_add_func("/saml/gate/too_large", test_too_large);
  g_test_add_func("/saml/gate/values", test_values);
  g_test_add_func("/saml/gate/long_text_is_one_node", test_long_text_is_one_node);
  g_test_add_func("/saml/gate/metadata", test_metadata);
  g_test_add_func("/saml/gate/base64", test_base64);
  g_test_add_func("/saml/gate/inflate", test_inflate);
  g_test_add_func("/saml/gate/inflate_refuses", test_inflate_refuses);
  return g_test_run();
}
