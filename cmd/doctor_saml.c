#include "cmd/doctor.h"

#include <string.h>

#include "cmd/store_house.h"
#include "cmd/verifier.h"
#include "lib/clock.h"
#include "lib/crypto.h"
#include "lib/crypto_seal.h"
#include "lib/http_client.h"
#include "saml/store_warn.h"

#define DATABASE_SECONDS 2
#define METRICS_SECONDS 1
#define METRICS_BYTES (1u << 20)
#define GAUGE "\ngatepost_saml_verifiers "
#define GP_KEY 4001
#define GP_AWAY 4005

/* How many connections need it. FALSE when the database does not say; that is another check's line. */
static gboolean count_connections(const Settings *settings, gint64 *n) {
  g_autoptr(Db) db = db_open(settings_string(settings, "database"), "gatepost doctor",
                             clock_deadline(DATABASE_SECONDS), NULL);
  return db != NULL && store_house_saml(db, n, NULL);
}

static void check_key(Doctor *doctor, const Settings *settings) {
  g_autofree char *path = verifier_key_file(settings);
  g_autoptr(GError) error = NULL;
  guint8 key[CRYPTO_SEAL_KEY_BYTES];
  if (crypto_seal_key_read(path, key, &error))
    doctor_find(doctor, DOCTOR_GOOD, 0, "key file %s is there and private", path);
  else
    doctor_find(doctor, DOCTOR_BROKEN, GP_KEY, "%s", error->message);
  crypto_wipe(key, sizeof key);
}

/* What the running server tells of itself; -1: it tells nothing. */
static gint64 count_verifiers(const char *listen) {
  g_autofree char *url = g_strdup_printf("http://%s/metrics", listen);
  if (http_client_url(url) != NULL)
    return -1;
  g_autoptr(HttpClient) client = http_client_new(NULL);
  g_auto(HttpClientReply) reply = {0};
  HttpClientCall call = {
      .method = "GET", .url = url, .most = METRICS_BYTES, .deadline = clock_deadline(METRICS_SECONDS)};
  if (!http_client_call(client, &call, &reply, NULL))
    return -1;
  const char *at = strstr(reply.body, GAUGE);
  return at == NULL ? -1 : g_ascii_strtoll(at + strlen(GAUGE), NULL, 10);
}

/* What an admin is to do before people notice. */
static void check_worries(Doctor *doctor, const Settings *settings) {
  g_autoptr(Db) db = db_open(settings_string(settings, "database"), "gatepost doctor",
                             clock_deadline(DATABASE_SECONDS), NULL);
  g_autoptr(GPtrArray) worries = db == NULL ? NULL : saml_store_worries(db, NULL);
  for (guint i = 0; worries != NULL && i < worries->len; i++) {
    const SamlWorry *worry = worries->pdata[i];
    doctor_find(doctor, DOCTOR_WARNING, worry->code, "%s: %s", worry->slug, worry->words);
  }
}

void doctor_check_saml(Doctor *doctor, const Settings *settings) {
  gint64 connections;
  if (!count_connections(settings, &connections) || connections == 0)
    return;
  doctor_group(doctor, "Sign-in");
  doctor_find(doctor, DOCTOR_GOOD, 0, "%" G_GINT64_FORMAT " SAML connection%s", connections,
              connections == 1 ? "" : "s");
  check_key(doctor, settings);
  check_worries(doctor, settings);
  gint64 alive = count_verifiers(settings_string(settings, "listen_admin"));
  if (alive > 0)
    doctor_find(doctor, DOCTOR_GOOD, 0, "%" G_GINT64_FORMAT " SAML verifier%s alive", alive,
                alive == 1 ? "" : "s");
  else if (alive == 0)
    doctor_find(doctor, DOCTOR_BROKEN, GP_AWAY, "no SAML verifier is alive");
}
