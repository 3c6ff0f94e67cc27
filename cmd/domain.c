#include "cmd/domain.h"

#include "cmd/store_domain.h"
#include "lib/address.h"
#include "lib/crypto.h"
#include "lib/dns.h"
#include "lib/text.h"

#define CHALLENGE_BYTES 16
#define CHALLENGE_KEY "gatepost-verification="
#define RECORD_PREFIX "_gatepost-challenge."

/* The first argument in its A-label form; NULL with a USAGE error. */
static char *read_domain(const VerbCall *call, GError **error) {
  const char *text = verb_argument(call, 0), *why = NULL;
  char *domain = address_domain(text, &why);
  if (domain != NULL)
    return domain;
  g_autofree char *quoted = text_quote(text);
  app_error_set(error, APP_USAGE, 0, "\"%s\" is not a domain: it %s", quoted, why);
  return NULL;
}

static char *record_name(const StoreDomain *domain) {
  return g_strconcat(RECORD_PREFIX, domain->domain, NULL);
}

/* As people write it; NULL when that is the same. */
static char *in_letters(const StoreDomain *domain) {
  char *letters = g_hostname_to_unicode(domain->domain);
  if (g_strcmp0(letters, domain->domain) == 0)
    g_clear_pointer(&letters, g_free);
  return letters;
}

static json_t *view(const StoreDomain *domain) {
  g_autofree char *name = record_name(domain);
  g_autofree char *letters = in_letters(domain);
  json_t *object = json_object();
  json_object_set_new(object, "domain", json_string(domain->domain));
  json_object_set_new(object, "unicode", json_string(letters != NULL ? letters : domain->domain));
  json_object_set_new(object, "verified", json_boolean(domain->verified_us != 0));
  json_object_set_new(object, "verified_by",
                      domain->verified_by ? json_string(domain->verified_by) : json_null());
  json_object_set_new(object, "verified_at", admin_time(domain->verified_us));
  json_object_set_new(object, "record", json_string(name));
  json_object_set_new(object, "value", json_string(domain->challenge));
  return object;
}

static char *both_forms(const StoreDomain *domain) {
  g_autofree char *letters = in_letters(domain);
  return letters == NULL ? g_strdup(domain->domain) : g_strdup_printf("%s (%s)", domain->domain, letters);
}

static char *state(const StoreDomain *domain) {
  if (domain->verified_us == 0)
    return g_strdup("waits for its TXT record");
  char day[CLOCK_TEXT_BYTES];
  return g_strdup_printf("verified by %s on %s", domain->verified_by,
                         clock_format_day(domain->verified_us, day));
}

/* The same for people. */
static json_t *row(const StoreDomain *domain, gboolean with_record) {
  g_autofree char *forms = both_forms(domain);
  g_autofree char *words = state(domain);
  json_t *object = json_pack("{s:s, s:s}", "domain", forms, "state", words);
  if (!with_record || domain->verified_us != 0)
    return object;
  g_autofree char *name = record_name(domain);
  json_object_set_new(object, "record", json_string(name));
  json_object_set_new(object, "type", json_string("TXT"));
  json_object_set_new(object, "value", json_string(domain->challenge));
  return object;
}

static const OutputColumn record_columns[] = {{"domain", "Domain"},   {"state", "State"},
                                              {"record", "DNS name"}, {"type", "Type"},
                                              {"value", "Value"},     {NULL}};

static void show(App *app, const StoreDomain *domain) {
  Output *output = app_output(app);
  output_record(output, record_columns, output_is_json(output) ? view(domain) : row(domain, TRUE));
}

int verb_domain_add(App *app, const VerbCall *call, GError **error) {
  g_autofree char *name = read_domain(call, error);
  AdminScope scope;
  if (name == NULL || !admin_scope(app, call, &scope, error))
    return APP_FAILED;
  guint8 random[CHALLENGE_BYTES];
  crypto_random(random, sizeof random);
  g_autofree char *hex = crypto_hex(random, sizeof random);
  g_autofree char *challenge = g_strconcat(CHALLENGE_KEY, hex, NULL);
  g_autoptr(StoreDomain) domain = store_domain_add(&scope, name, challenge, error);
  if (domain == NULL)
    return APP_FAILED;
  show(app, domain);
  g_autofree char *org = admin_org_option(&scope);
  if (domain->verified_us == 0)
    output_say(app_output(app), "Next: create this TXT record, then: gatepost domain verify %s%s",
               domain->domain, org);
  return APP_OK;
}

/* What the name server answered, for a person who compares: clipped, at most a few. */
static char *seen(const GPtrArray *records) {
  GString *text = g_string_new(NULL);
  for (guint i = 0; i < records->len && i < 3; i++) {
    g_autofree char *quoted = text_quote(records->pdata[i]);
    g_string_append_printf(text, "%s\"%s\"", i == 0 ? "" : ", ", quoted);
  }
  return g_string_free(text, FALSE);
}

static gboolean proved(const StoreDomain *domain, GError **error) {
  g_autofree char *name = record_name(domain);
  g_autoptr(GError) failure = NULL;
  g_autoptr(GPtrArray) records = dns_txt(name, &failure);
  if (records == NULL) {
    gboolean none = g_error_matches(failure, DNS_ERROR, DNS_ERROR_NONE);
    app_error_set(error, none ? APP_REFUSED : APP_UNREACHABLE, none ? GP_DOMAIN_NOT_PROVED : GP_DNS_SILENT,
                  "%s; wanted: \"%s\"", failure->message, domain->challenge);
    return FALSE;
  }
  for (guint i = 0; i < records->len; i++)
    if (g_str_equal(records->pdata[i], domain->challenge))
      return TRUE;
  g_autofree char *saw = seen(records);
  app_error_set(error, APP_REFUSED, GP_DOMAIN_NOT_PROVED, "the TXT record %s holds %s; wanted \"%s\"", name,
                saw, domain->challenge);
  return FALSE;
}

int verb_domain_verify(App *app, const VerbCall *call, GError **error) {
  g_autofree char *name = read_domain(call, error);
  AdminScope scope;
  if (name == NULL || !admin_scope(app, call, &scope, error))
    return APP_FAILED;
  g_autoptr(StoreDomain) domain = store_domain_get(&scope, name, error);
  if (domain == NULL)
    return APP_FAILED;
  gboolean trust = verb_given(call, "trust");
  if (domain->verified_us == 0) {
    if (!trust && !proved(domain, error))
      return APP_FAILED;
    scope.deadline = app_deadline(app); /* the name server may have taken its time */
    if (!store_domain_verify(&scope, name, trust ? "trust" : "dns", error))
      return APP_FAILED;
  }
  g_autoptr(StoreDomain) after = store_domain_get(&scope, name, error);
  if (after == NULL)
    return APP_FAILED;
  show(app, after);
  return APP_OK;
}

int verb_domain_list(App *app, const VerbCall *call, GError **error) {
  AdminScope scope;
  if (!admin_scope(app, call, &scope, error))
    return APP_FAILED;
  g_autoptr(GPtrArray) domains = store_domain_list(&scope, error);
  if (domains == NULL)
    return APP_FAILED;
  Output *output = app_output(app);
  json_t *array = json_array();
  for (guint i = 0; i < domains->len; i++)
    json_array_append_new(array,
                          output_is_json(output) ? view(domains->pdata[i]) : row(domains->pdata[i], FALSE));
  static const OutputColumn columns[] = {{"domain", "Domain"}, {"state", "State"}, {NULL}};
  output_records(output, columns, json_pack("{s:o}", "domains", array), "domains");
  return APP_OK;
}
