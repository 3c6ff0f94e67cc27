#include "lib/address.h"

#include <string.h>

#define TEN "abcdefghij"
#define SIXTY TEN TEN TEN TEN TEN TEN

typedef struct {
  const char *text;
  const char *canonical; /* NULL: refused */
  const char *why;       /* a part of the reason */
} Case;

static const Case domain_cases[] = {
    {"example.com", "example.com"},
    {"Mail.EXAMPLE.com.", "mail.example.com"},
    {"B\xC3\xBC"
     "cher.Example.",
     "xn--bcher-kva.example"},
    {"bu\xCC\x88"
     "cher.example",
     "xn--bcher-kva.example"}, /* NFD */
    {"xn--bcher-kva.example", "xn--bcher-kva.example"},
    {"XN--BCHER-KVA.example", "xn--bcher-kva.example"},
    {"stra\xC3\x9F"
     "e.example",
     "xn--strae-oqa.example"}, /* IDNA2008 keeps the sharp s */
    {"a\xE3\x80\x82"
     "example",
     "a.example"}, /* ideographic full stop */
    {"a-b.c1.example", "a-b.c1.example"},
    {"1.example", "1.example"},
    {SIXTY "abc.example", SIXTY "abc.example"},
    {"", NULL, "is empty"},
    {".", NULL, "has an empty label"},
    {"example", NULL, "has no dot"},
    {"example.", NULL, "has no dot"},
    {".example.com", NULL, "has an empty label"},
    {"a..example", NULL, "has an empty label"},
    {"example.com..", NULL, "has an empty label"},
    {"-a.example", NULL, "hyphen"},
    {"a-.example", NULL, "hyphen"},
    {"a_b.example", NULL, "no domain has"},
    {"a b.example", NULL, "no domain has"},
    {"a\n.example", NULL, "no domain has"},
    {"a/b.example", NULL, "no domain has"},
    {"*.example", NULL, "no domain has"},
    {"a@b.example", NULL, "no domain has"},
    {"a\xE2\x80\x8B.example", NULL, "no domain has"},
    {"\xFF.example", NULL, "no domain has"},
    {"192.0.2.7", NULL, "IP address"},
    {"a.example.7", NULL, "IP address"},
    {"::1", NULL, "no domain has"},
    {"[192.0.2.7]", NULL, "no domain has"},
    {"xn--a.example", NULL, "internationalised"},
    {"\xE2\x98\x83\xE2\x80\x8D.example", NULL, "no domain has"},
    {SIXTY "abcd.example", NULL, "more than 63 bytes"},
    {SIXTY "." SIXTY "." SIXTY "." SIXTY ".abcdefghi", SIXTY "." SIXTY "." SIXTY "." SIXTY ".abcdefghi"},
    {SIXTY "." SIXTY "." SIXTY "." SIXTY ".abcdefghij", NULL, "longer than 253 bytes"},
};

static const Case address_cases[] = {
    {"anna@example.com", "anna@example.com"},
    {"Anna.Berg+News@Example.COM", "anna.berg+news@example.com"},
    {"a@B\xC3\xBC"
     "cher.example",
     "a@xn--bcher-kva.example"},
    {"M\xC3\x9CLLER@example.com", "m\xC3\xBCller@example.com"},
    {"mu\xCC\x88ller@example.com", "m\xC3\xBCller@example.com"},
    {"I@example.com", "i@example.com"},
    {"!#$&+-=^_{|}~@example.com", "!#$&+-=^_{|}~@example.com"},
    {SIXTY "abcd@example.com", SIXTY "abcd@example.com"},
    {"", NULL, "is empty"},
    {"anna", NULL, "has no @"},
    {"@example.com", NULL, "nothing before its @"},
    {"anna@", NULL, "is empty"},
    {"anna@example", NULL, "has no dot"},
    {"a@b@example.com", NULL, "more than one @"},
    {"\"a@b\"@example.com", NULL, "more than one @"},
    {"\"anna\"@example.com", NULL, "quoted local part"},
    {"anna(comment)@example.com", NULL, "mail stores"},
    {"anna@(comment)example.com", NULL, "no domain has"},
    {"anna@[192.0.2.7]", NULL, "an IP address for a domain"},
    {"anna@192.0.2.7", NULL, "IP address"},
    {".anna@example.com", NULL, "a dot"},
    {"anna.@example.com", NULL, "a dot"},
    {"an..na@example.com", NULL, "a dot"},
    {"..@example.com", NULL, "a dot"},
    {"-anna@example.com", NULL, "hyphen"},
    {"Anna <anna@example.com>", NULL, "mail stores"},
    {"an na@example.com", NULL, "mail stores"},
    {" anna@example.com", NULL, "mail stores"},
    {"anna@example.com ", NULL, "no domain has"},
    {"an\nna@example.com", NULL, "mail stores"},
    {"anna@example.com\n", NULL, "no domain has"},
    {"an*a@example.com", NULL, "mail stores"},
    {"an?a@example.com", NULL, "mail stores"},
    {"an'a@example.com", NULL, "mail stores"},
    {"an\\a@example.com", NULL, "mail stores"},
    {"an/a@example.com", NULL, "mail stores"},
    {"../a@example.com", NULL, "a dot"},
    {"an%a@example.com", NULL, "mail stores"},
    {"an`a@example.com", NULL, "mail stores"},
    {"an<a@example.com", NULL, "mail stores"},
    {"an,a@example.com", NULL, "mail stores"},
    {"an;a@example.com", NULL, "mail stores"},
    {"an:a@example.com", NULL, "mail stores"},
    {"an[a@example.com", NULL, "mail stores"},
    {"an\x7f"
     "a@example.com",
     NULL, "mail stores"},
    {"an\xE2\x80\xAE"
     "a@example.com",
     NULL, "mail stores"}, /* bidi mark */
    {"an\xE2\x80\x8B"
     "a@example.com",
     NULL, "mail stores"}, /* zero width */
    {"an\xC2\xA0"
     "a@example.com",
     NULL, "mail stores"}, /* no-break space */
    {"an\xEF\xBC\xA0"
     "a@example.com",
     NULL, "mail stores"}, /* full-width @ */
    {"an\xEF\xBC\x8F"
     "a@example.com",
     NULL, "mail stores"}, /* full-width / */
    {"an\xFF"
     "a@example.com",
     NULL, "not UTF-8"},
    {SIXTY "abcde@example.com", NULL, "more than 64 bytes"},
    {"a@" SIXTY "." SIXTY "." SIXTY "." SIXTY ".abcdefgh",
     "a@" SIXTY "." SIXTY "." SIXTY "." SIXTY ".abcdefgh"},
    {"ab@" SIXTY "." SIXTY "." SIXTY "." SIXTY ".abcdefgh", NULL, "longer than 254 bytes"},
};

static void check(const Case *c, char *(*parse)(const char *text, const char **why)) {
  const char *why = NULL;
  g_autofree char *canonical = parse(c->text, &why);
  g_test_message("%s: %s", c->text, why);
  g_assert_cmpstr(canonical, ==, c->canonical);
  if (canonical == NULL) {
    g_assert_nonnull(why);
    g_assert_nonnull(strstr(why, c->why));
    return;
  }
  g_autofree char *again = parse(canonical, &why);
  g_assert_cmpstr(again, ==, canonical);
}

static void test_domain(gconstpointer data) {
  check(data, address_domain);
}

static void test_address(gconstpointer data) {
  check(data, address_parse);
}

static void test_domain_of(void) {
  g_assert_cmpstr(address_domain_of("anna@example.com"), ==, "example.com");
}

static void add_cases(const char *name, const Case *cases, gsize n, GTestDataFunc func) {
  for (gsize i = 0; i < n; i++) {
    g_autofree char *path = g_strdup_printf("/address/%s/%02" G_GSIZE_FORMAT, name, i);
    g_test_add_data_func(path, &cases[i], func);
  }
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  add_cases("domain", domain_cases, G_N_ELEMENTS(domain_cases), test_domain);
  add_cases("address", address_cases, G_N_ELEMENTS(address_cases), test_address);
  g_test_add_func("/address/domain-of", test_domain_of);
  return g_test_run();
}
