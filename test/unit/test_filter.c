#include "scim/filter.h"

#include <string.h>

#include "lib/limits.h"
#include "scim/error.h"

#define E SCIM_URN_ENTERPRISE ":"

/* What a filter reads as. Canonical NULL: the same text. */
typedef struct {
  const char *filter;
  const char *canonical;
} FormatCase;

static const FormatCase strict_cases[] = {
    {"userName eq \"ada\"", NULL},
    {"USERNAME EQ \"Ada\"", "userName eq \"Ada\""},
    {"  userName   eq   \"ada\"  ", "userName eq \"ada\""},
    {"userName ne \"a\"", NULL},
    {"userName co \"a\"", NULL},
    {"userName sw \"\"", NULL},
    {"userName ew \"a\"", NULL},
    {"userName gt \"a\"", NULL},
    {"userName ge \"a\"", NULL},
    {"userName lt \"a\"", NULL},
    {"userName le \"a\"", NULL},
    {"title pr", NULL},
    {"title PR", "title pr"},
    {"emails pr", NULL},
    {"emails.type pr", NULL},
    {"name pr", NULL},
    {"meta.created gt \"2026-11-24T10:14:03.1234567+01:00\"", NULL},
    {"active eq true", NULL},
    {"active ne false", NULL},
    {"emails co \"x\"", "emails.value co \"x\""},
    {"groups eq \"x\"", "groups.value eq \"x\""},
    {"emails.primary eq true", NULL},
    {"schemas eq \"urn:x\"", NULL},
    {"x509Certificates.value eq \"aa\"", NULL},
    {E "department eq \"x\"", NULL},
    {E "MANAGER.VALUE eq \"x\"", E "manager.value eq \"x\""},
    {SCIM_URN_USER ":userName eq \"x\"", "userName eq \"x\""},
    {"title eq null", "not (title pr)"},
    {"title ne null", "title pr"},
    {"name eq null", "not (name pr)"},
    {"active eq null", "not (active pr)"},
    {"emails[type eq null]", "emails[not (type pr)]"},
    {"userName eq \"a\\\"b\\\\c\"", NULL},
    {"userName eq \"\\u0041\\ud83d\\ude00\"", "userName eq \"A\xf0\x9f\x98\x80\""},
    {"userName eq \"x' OR '1'='1\"", NULL},
    {"userName eq \"100%_\"", NULL},
    {"title pr and nickName pr", NULL},
    {"title pr AND nickName pr OR locale pr", "title pr and nickName pr or locale pr"},
    {"title pr or nickName pr and locale pr", NULL},
    {"(title pr or nickName pr) and locale pr", NULL},
    {"title pr and (nickName pr and locale pr)", NULL},
    {"((title pr))", "title pr"},
    {"title pr and nickName pr and locale pr", NULL},
    {"(title pr and nickName pr) or locale pr", "title pr and nickName pr or locale pr"},
    {"title pr and (nickName pr or locale pr)", NULL},
    {"not (title pr)", NULL},
    {"not(title pr)", "not (title pr)"},
    {"NOT (title pr) and locale pr", "not (title pr) and locale pr"},
    {"not (not (title pr))", NULL},
    {"not (title pr and locale pr)", NULL},
    {"emails[type eq \"work\"]", NULL},
    {"emails[ type eq \"work\" ]", "emails[type eq \"work\"]"},
    {"emails[type eq \"work\" and (value co \"@a\" or value co \"@b\")]", NULL},
    {"emails[not (primary eq true)]", NULL},
    {"Emails[Type eq \"work\"] or title pr", "emails[type eq \"work\"] or title pr"},
};

static void check_format(const ScimType *type, const char *text, ScimDialect *dialect,
                         const char *canonical) {
  g_autoptr(GError) error = NULL;
  g_autoptr(ScimFilter) filter = scim_filter_parse(type, text, strlen(text), dialect, &error);
  g_assert_no_error(error);
  g_autofree char *printed = scim_filter_format(filter);
  g_assert_cmpstr(printed, ==, canonical ? canonical : text);
  ScimDialect strict = {0};
  g_autoptr(ScimFilter) again = scim_filter_parse(type, printed, strlen(printed), &strict, &error);
  g_assert_no_error(error);
  g_autofree char *twice = scim_filter_format(again);
  g_assert_cmpstr(twice, ==, printed);
}

static void test_strict(gconstpointer data) {
  const FormatCase *c = data;
  ScimDialect strict = {0};
  check_format(scim_type_user(), c->filter, &strict, c->canonical);
}

typedef struct {
  ScimLeniency leniency;
  const char *filter;
  const char *canonical;
} LenientCase;

static const LenientCase lenient_cases[] = {
    {SCIM_LENIENT_FILTER_BARE_VALUE, "userName eq ada@example.com", "userName eq \"ada@example.com\""},
    {SCIM_LENIENT_FILTER_BARE_VALUE, "externalId eq jyoung", "externalId eq \"jyoung\""},
    {SCIM_LENIENT_FILTER_BARE_VALUE, "id eq 54D382A4-2050-4C03-94D1-E769F1D15682",
     "id eq \"54D382A4-2050-4C03-94D1-E769F1D15682\""},
    {SCIM_LENIENT_FILTER_BARE_VALUE, "id eq 540e6f1a-0000", "id eq \"540e6f1a-0000\""},
    {SCIM_LENIENT_FILTER_BARE_VALUE, "externalId eq 007", "externalId eq \"007\""},
    {SCIM_LENIENT_FILTER_BARE_VALUE, "externalId eq 12345", "externalId eq \"12345\""},
    {SCIM_LENIENT_FILTER_BARE_VALUE, "externalId eq 1e999", "externalId eq \"1e999\""},
    {SCIM_LENIENT_FILTER_BARE_VALUE, "meta.created gt 2011-05-13T04:42:34.1234567+02:00",
     "meta.created gt \"2011-05-13T04:42:34.1234567+02:00\""},
    {SCIM_LENIENT_FILTER_BARE_VALUE, "displayName sw 'Group One'", "displayName sw \"Group One\""},
    {SCIM_LENIENT_FILTER_BARE_VALUE, "userName eq O'Neil", "userName eq \"O'Neil\""},
    {SCIM_LENIENT_FILTER_BARE_VALUE, "emails[value eq 123-abc]", "emails[value eq \"123-abc\"]"},
    {SCIM_LENIENT_FILTER_BARE_VALUE, "userName eq and", "userName eq \"and\""},
    {SCIM_LENIENT_FILTER_BOOLEAN_STRING, "active eq \"True\"", "active eq true"},
    {SCIM_LENIENT_FILTER_BOOLEAN_STRING, "active eq False", "active eq false"},
    {SCIM_LENIENT_FILTER_BOOLEAN_STRING, "roles[primary EQ \"True\"]", "roles[primary eq true]"},
    {SCIM_LENIENT_FILTER_SUBATTRIBUTE, "emails[type eq \"work\"].value eq \"x\"",
     "emails[type eq \"work\" and value eq \"x\"]"},
    {SCIM_LENIENT_FILTER_SUBATTRIBUTE, "emails[type eq \"work\" or primary eq true].Value pr",
     "emails[(type eq \"work\" or primary eq true) and value pr]"},
    {SCIM_LENIENT_FILTER_SUBATTRIBUTE, "emails[type eq \"work\"].value eq null or title pr",
     "emails[type eq \"work\" and not (value pr)] or title pr"},
    {SCIM_LENIENT_FILTER_SPACING, "userName eq\"ada\"", "userName eq \"ada\""},
    {SCIM_LENIENT_EXTENSION_NAMES, "department eq \"x\"", E "department eq \"x\""},
    {SCIM_LENIENT_EXTENSION_NAMES, "manager.value eq \"x\"", E "manager.value eq \"x\""},
    {SCIM_LENIENT_FILTER_COMPLEX, E "manager eq \"m\"", E "manager.value eq \"m\""},
};

/* On: read as said, and counted. Off: refused. */
static void test_lenient(gconstpointer data) {
  const LenientCase *c = data;
  guint64 bit = G_GUINT64_CONSTANT(1) << c->leniency;
  ScimDialect on = {.allowed = bit};
  check_format(scim_type_user(), c->filter, &on, c->canonical);
  g_assert_cmpuint(on.used, ==, bit);
  ScimDialect off = {.allowed = SCIM_DIALECT_ALL & ~bit};
  g_autoptr(GError) error = NULL;
  g_assert_null(scim_filter_parse(scim_type_user(), c->filter, strlen(c->filter), &off, &error));
  g_assert_error(error, SCIM_ERROR, SCIM_ERROR_INVALID_FILTER);
}

typedef struct {
  const char *filter;
  ScimErrorCode code;
  const char *says; /* part of the message */
} RefuseCase;

#define FILTER SCIM_ERROR_INVALID_FILTER

/* Refused with every leniency on. */
static const RefuseCase refuse_cases[] = {
    {"", FILTER, "expected an attribute name, found the end at character 1"},
    {"   ", FILTER, "found the end at character 4"},
    {"userName", FILTER, "expected an operator"},
    {"userName eq", FILTER, "found the end at character 12"},
    {"userName eq ", FILTER, "userName is compared with a string in double quotes, found the end"},
    {"userName is \"x\"", FILTER, "found \"is\" at character 10"},
    {"userName eq \"x", FILTER, "a quote that is never closed at character 13"},
    {"userName eq \"x\\\"", FILTER, "never closed"},
    {"userName eq 'x", FILTER, "never closed"},
    {"userName eq \"\\x\"", FILTER, "no JSON string"},
    {"userName eq \"\\ud800\"", FILTER, "no JSON string"},
    {"userName eq \"\\u0000\"", FILTER, "no JSON string"},
    {"userName eq \"a\nb\"", FILTER, "no JSON string"},
    {"userName eq \"x\" and", FILTER, "expected an attribute name, found the end"},
    {"userName eq \"x\" xor title pr", FILTER, "expected and, or, or the end, found \"xor\" at character 17"},
    {"userName eq \"x\" title pr", FILTER, "found \"title\" at character 17"},
    {"userName eq Ada Lovelace", FILTER, "found \"Lovelace\""},
    {"and title pr", FILTER, "\"and\" is not an attribute"},
    {"(title pr", FILTER, "closing )"},
    {"title pr)", FILTER, "found \")\" at character 9"},
    {"()", FILTER, "expected an attribute name, found \")\" at character 2"},
    {"not title pr", FILTER, "expected ( after not, found \"title\" at character 5"},
    {"not", FILTER, "expected ( after not, found the end"},
    {"usrName eq \"x\"", FILTER,
     "\"usrName\" is not an attribute of User; did you mean userName? at character 1"},
    {"departmint eq \"x\"", FILTER, "departmint"},
    {"emails.foo eq \"x\"", FILTER, "\"emails.foo\" is not an attribute"},
    {"emails[foo eq \"x\"]", FILTER, "\"foo\" is not an attribute of emails at character 8"},
    {SCIM_URN_ENTERPRISE " pr", FILTER, "is not an attribute"},
    {"urn:x:userName eq \"x\"", FILTER, "is not an attribute"},
    {"emails[type eq \"work\"", FILTER, "closing ]"},
    {"emails[]", FILTER, "expected an attribute name, found \"]\""},
    {"emails]", FILTER, "expected an operator"},
    {"emails[type[value eq \"x\"]]", FILTER, "takes no filter in brackets"},
    {"name[givenName eq \"x\"]", FILTER, "name is no list of objects"},
    {"userName[value eq \"x\"]", FILTER, "userName is no list"},
    {"emails.value[type eq \"x\"]", FILTER, "is no list"},
    {"emails[type eq \"work\"] .value eq \"x\"", FILTER, "expected and, or, or the end"},
    {"emails[type eq \"work\"].foo eq \"x\"", FILTER, "\"foo\" is not an attribute of emails"},
    {"emails[type eq \"work\"].value", FILTER, "expected an operator"},
    {"name eq \"x\"", FILTER, "name has parts; compare one of them, such as name.formatted, at character 9"},
    {"addresses eq \"x\"", FILTER, "has parts"},
    {"active gt true", FILTER, "active cannot be compared with gt"},
    {"active co \"t\"", FILTER, "active cannot be compared with co"},
    {"x509Certificates.value lt \"x\"", FILTER, "cannot be compared with lt"},
    {"meta.created co \"2026\"", FILTER, "cannot be compared with co"},
    {"active eq \"yes\"", FILTER, "active is compared with true or false, found \"yes\" at character 11"},
    {"active eq 1", FILTER, "compared with true or false, found \"1\""},
    {"userName eq true", FILTER, "userName is compared with a string in double quotes, found \"true\""},
    {"userName eq (x)", FILTER, "found \"(\""},
    {"userName gt null", FILTER, "null is compared with eq or ne only"},
    {"meta.created gt \"yesterday\"", FILTER, "compared with a date and time"},
    {"meta.created gt \"2026-01-01T00:00:00+25:00\"", FILTER, "compared with a date and time"},
    {"meta.created gt \"0000-01-01T00:00:00Z\"", FILTER, "compared with a date and time"},
    {"password eq \"x\"", SCIM_ERROR_SENSITIVE, "password cannot be searched for"},
    {"title pr or password pr", SCIM_ERROR_SENSITIVE, "at character 13"},
    {"\xff", FILTER, "not UTF-8"},
    {"userName eq \"\xc0\xaf\"", FILTER, "not UTF-8"},
};

static void check_refused(const char *text, gsize n, ScimErrorCode code, const char *says) {
  ScimDialect all = {.allowed = SCIM_DIALECT_ALL};
  g_autoptr(GError) error = NULL;
  g_assert_null(scim_filter_parse(scim_type_user(), text, n, &all, &error));
  g_assert_error(error, SCIM_ERROR, (int)code);
  if (!strstr(error->message, says))
    g_error("\"%s\" does not say \"%s\"", error->message, says);
  g_assert_true(g_utf8_validate(error->message, -1, NULL));
}

static void test_refuse(gconstpointer data) {
  const RefuseCase *c = data;
  check_refused(c->filter, strlen(c->filter), c->code, c->says);
}

static void test_place_in_characters(void) {
  check_refused("userName eq \"\xc3\xa9\" x", strlen("userName eq \"\xc3\xa9\" x"), FILTER,
                "at character 17");
}

static void test_nul(void) {
  check_refused("title pr\0", 9, FILTER, "not UTF-8");
}

/* `before` n times, `middle`, `after` n times. */
static char *repeat(const char *before, const char *middle, const char *after, gsize n) {
  GString *text = g_string_new(NULL);
  for (gsize i = 0; i < n; i++)
    g_string_append(text, before);
  g_string_append(text, middle);
  for (gsize i = 0; i < n; i++)
    g_string_append(text, after);
  return g_string_free(text, FALSE);
}

typedef struct {
  const char *name, *before, *middle, *after;
  gsize most; /* repetitions that are still taken */
} LimitCase;

static const LimitCase limit_cases[] = {
    {"parentheses", "(", "title pr", ")", LIMIT_FILTER_DEPTH},
    {"not", "not (", "title pr", ")", LIMIT_FILTER_DEPTH},
    {"value-path", "(", "emails[type pr]", ")", LIMIT_FILTER_DEPTH - 1},
    {"and", "", "title pr", " and title pr", LIMIT_FILTER_NODES / 2 - 1},
    {"or", "title pr or ", "title pr", "", LIMIT_FILTER_NODES / 2 - 1},
    {"bytes", " ", "title pr", "", LIMIT_FILTER_BYTES - 8},
};

static void test_limit(gconstpointer data) {
  const LimitCase *c = data;
  ScimDialect strict = {0};
  g_autoptr(GError) error = NULL;
  g_autofree char *most = repeat(c->before, c->middle, c->after, c->most);
  g_autoptr(ScimFilter) filter = scim_filter_parse(scim_type_user(), most, strlen(most), &strict, &error);
  g_assert_no_error(error);
  g_assert_nonnull(filter);
  g_autofree char *more = repeat(c->before, c->middle, c->after, c->most + 1);
  check_refused(more, strlen(more), SCIM_ERROR_TOO_MANY, "the filter");
}

static void test_hostile(gconstpointer data) {
  const LimitCase *c = data;
  g_autofree char *text = repeat(c->before, c->middle, c->after, 10000);
  check_refused(text, strlen(text), SCIM_ERROR_TOO_MANY, "the filter has");
}

typedef struct {
  const char *text;
  const char *canonical; /* NULL: refused */
  gsize used;
} InnerCase;

static const InnerCase inner_cases[] = {
    {"type eq \"work\"].value", "emails.type eq \"work\"", 14},
    {"type eq \"]\" and primary eq true]", "emails.type eq \"]\" and emails.primary eq true", 31},
    {"value eq 123-abc]", "emails.value eq \"123-abc\"", 16},
    {"type eq \"work\"", NULL, 0},
    {"type eq \"work\")", NULL, 0},
    {"emails.type eq \"work\"]", NULL, 0},
    {"type[value pr]]", NULL, 0},
    {"]", NULL, 0},
    {"", NULL, 0},
};

static void test_inner(gconstpointer data) {
  const InnerCase *c = data;
  ScimDialect all = {.allowed = SCIM_DIALECT_ALL};
  ScimRef emails;
  gsize used = 0;
  g_autoptr(GError) error = NULL;
  g_assert_true(scim_ref_resolve(scim_type_user(), "emails", strlen("emails"), &emails));
  g_autoptr(ScimFilter) filter =
      scim_filter_parse_inner(&emails, c->text, strlen(c->text), &used, &all, &error);
  if (!c->canonical) {
    g_assert_error(error, SCIM_ERROR, SCIM_ERROR_INVALID_FILTER);
    return;
  }
  g_assert_no_error(error);
  g_assert_cmpuint(used, ==, c->used);
  g_autofree char *printed = scim_filter_format(filter);
  g_assert_cmpstr(printed, ==, c->canonical);
}

static void add(const char *what, gsize i, gconstpointer data, GTestDataFunc test) {
  g_autofree char *path = g_strdup_printf("/filter/%s/%02" G_GSIZE_FORMAT, what, i);
  g_test_add_data_func(path, data, test);
}

static void add_limits(void) {
  for (gsize i = 0; i < G_N_ELEMENTS(limit_cases); i++) {
    g_autofree char *path = g_strdup_printf("/filter/limit/%s", limit_cases[i].name);
    g_test_add_data_func(path, &limit_cases[i], test_limit);
    g_autofree char *hostile = g_strdup_printf("/filter/hostile/%s", limit_cases[i].name);
    g_test_add_data_func(hostile, &limit_cases[i], test_hostile);
  }
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS(strict_cases); i++)
    add("strict", i, &strict_cases[i], test_strict);
  for (gsize i = 0; i < G_N_ELEMENTS(lenient_cases); i++)
    add("lenient", i, &lenient_cases[i], test_lenient);
  for (gsize i = 0; i < G_N_ELEMENTS(refuse_cases); i++)
    add("refuse", i, &refuse_cases[i], test_refuse);
  for (gsize i = 0; i < G_N_ELEMENTS(inner_cases); i++)
    add("inner", i, &inner_cases[i], test_inner);
  add_limits();
  g_test_add_func("/filter/place-in-characters", test_place_in_characters);
  g_test_add_func("/filter/nul", test_nul);
  return g_test_run();
}
