/* What test/bench/saml.py and test/e2e/test_saml_verifier.py measure with: sign-ins through both locks, through lasso alone, and through
 * verifier processes. One connection, from files in the folder given:
 *
 *   saml_bench FOLDER ours|lasso MESSAGE SECONDS        → {"n", "cpu", "wall"}
 *   saml_bench FOLDER once MESSAGE                      → {"ms", "kib", "failure"}
 *   saml_bench FOLDER pool MESSAGE SECONDS CHILDREN     → {"n", "wall", "away"}, with GATEPOST_BIN and FOLDER/saml.key
 *
 * FOLDER holds idp.der, names (a line each: our entity id, our ACS, their entity id), sp.xml, idp.xml and messages in base64. */
#include <lasso/lasso.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "lib/clock.h"
#include "lib/crypto_seal.h"
#include "lib/thread.h"
#include "saml/verifier.h"
#include "saml/verifier/libraries.h"
#include "saml/verifier/verify.h"

#define US 1e6
#define LOOK 16 /* messages between two looks at the clock */

typedef struct {
  SamlConnection *connection;
  char *message, *sp, *idp;
  gsize n;
} Bench;

static void bench_clear(Bench *bench) {
  saml_connection_unref(bench->connection);
  g_free(bench->message);
  g_free(bench->sp);
  g_free(bench->idp);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Bench, bench_clear)

typedef gboolean (*Once)(const Bench *bench, void *tool);

static char *load(const char *folder, const char *name, gsize *n) {
  g_autofree char *path = g_build_filename(folder, name, NULL);
  char *text;
  g_autoptr(GError) error = NULL;
  if (!g_file_get_contents(path, &text, n, &error))
    g_error("%s", error->message);
  return text;
}

static SamlConnection *load_connection(const char *folder) {
  SamlConnection *connection = saml_connection_new();
  gsize n;
  g_autofree char *text = load(folder, "names", NULL);
  g_auto(GStrv) names = g_strsplit(text, "\n", -1);
  char *der = load(folder, "idp.der", &n);
  SamlPinned pinned = {g_bytes_new_take(der, n)};
  connection->slug = g_strdup("bench");
  connection->name = g_strdup("bench");
  connection->sp_entity_id = g_strdup(names[0]);
  connection->acs_url = g_strdup(names[1]);
  connection->slo_url = g_strdup(names[1]);
  connection->idp_entity_id = g_strdup(names[2]);
  connection->sso_url = g_strdup("https://idp.example.org/sso");
  g_array_append_val(connection->pinned, pinned);
  return connection;
}

static double cpu_seconds(void) {
  struct timespec used;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return (double)used.tv_sec + (double)used.tv_nsec / 1e9;
}

/* The first one is not counted: it fills caches. */
static int repeat(const Bench *bench, Once once, void *tool, double seconds) {
  if (!once(bench, tool))
    g_error("the message was refused");
  double cpu = cpu_seconds();
  gint64 begin = clock_now();
  guint64 n = 0;
  while ((double)(clock_now() - begin) / US < seconds)
    for (int i = 0; i < LOOK; i++, n++)
      if (!once(bench, tool))
        g_error("the message was refused");
  printf("{\"n\": %" G_GUINT64_FORMAT ", \"cpu\": %f, \"wall\": %f}\n", n, cpu_seconds() - cpu,
         (double)(clock_now() - begin) / US);
  return 0;
}

/* ---- both locks */

static SamlTrust *trust_new(const Bench *bench) {
  static const guint8 no_key[CRYPTO_SEAL_KEY_BYTES];
  SamlReport report;
  saml_report_init(&report);
  SamlTrust *trust = saml_trust_new(bench->connection, no_key, &report);
  if (trust == NULL)
    g_error("the connection was refused: %s", saml_failure_name(report.failure));
  return trust;
}

static gboolean verify(const Bench *bench, void *tool) {
  g_auto(SamlLogin) login = {0};
  SamlReport report;
  saml_report_init(&report);
  return saml_verify_response(tool, bench->connection, bench->message, bench->n, clock_wall(), &login,
                              &report);
}

static int repeat_ours(const Bench *bench, double seconds) {
  g_autoptr(SamlTrust) trust = trust_new(bench);
  return repeat(bench, verify, trust, seconds);
}

/* ---- lasso alone */

static LassoServer *server_new(const Bench *bench) {
  LassoServer *server = lasso_server_new_from_buffers(bench->sp, NULL, NULL, NULL);
  if (server == NULL ||
      lasso_server_add_provider_from_buffer(server, LASSO_PROVIDER_ROLE_IDP, bench->idp, NULL, NULL) != 0)
    g_error("lasso refused the metadata");
  return server;
}

static gboolean verify_lasso(const Bench *bench, void *tool) {
  LassoLogin *login = lasso_login_new(tool);
  gboolean good = lasso_login_process_authn_response_msg(login, bench->message) == 0 &&
                  lasso_login_accept_sso(login) == 0;
  g_object_unref(login);
  return good;
}

static int repeat_lasso(const Bench *bench, double seconds) {
  g_autoptr(GObject) server = G_OBJECT(server_new(bench));
  return repeat(bench, verify_lasso, server, seconds);
}

/* ---- one message, in a process that has seen none: how long, and how much memory more at its peak */

static gint64 status_kib(const char *name) {
  g_autofree char *text = NULL;
  g_assert_true(g_file_get_contents("/proc/self/status", &text, NULL, NULL));
  const char *at = strstr(text, name);
  g_assert_nonnull(at);
  return g_ascii_strtoll(at + strlen(name), NULL, 10);
}

/* The peak so far is forgotten, and what it left behind is given back. */
static gint64 begin_peak(void) {
  malloc_trim(0);
  FILE *forget = fopen("/proc/self/clear_refs", "we");
  g_assert_nonnull(forget);
  fputs("5", forget);
  fclose(forget);
  return status_kib("VmRSS:");
}

static int measure_once(const Bench *bench) {
  g_autoptr(SamlTrust) trust = trust_new(bench);
  g_auto(SamlLogin) login = {0};
  SamlReport report;
  saml_report_init(&report);
  gint64 before = begin_peak();
  double cpu = cpu_seconds();
  saml_verify_response(trust, bench->connection, bench->message, bench->n, clock_wall(), &login, &report);
  printf("{\"ms\": %.3f, \"kib\": %" G_GINT64_FORMAT ", \"failure\": \"%s\"}\n", 1000 * (cpu_seconds() - cpu),
         status_kib("VmHWM:") - before, saml_failure_name(report.failure));
  return 0;
}

/* ---- verifier processes, as a server has them */

typedef struct {
  const Bench *bench;
  SamlVerifier *verifier;
  gint64 end;
  gint n, away; /* atomic */
} Crowd;

static void sign_in(gpointer data) {
  Crowd *crowd = data;
  while (clock_now() < crowd->end) {
    g_auto(SamlLogin) login = {0};
    SamlReport report;
    saml_verifier_login(crowd->verifier, crowd->bench->connection, crowd->bench->message, crowd->bench->n,
                        clock_wall(), &login, &report);
    if (report.failure == SAML_OK)
      g_atomic_int_inc(&crowd->n);
    else if (report.failure == SAML_VERIFIER_AWAY)
      g_atomic_int_inc(&crowd->away);
    else
      g_error("the message was refused: %s", saml_failure_name(report.failure));
  }
}

static int measure_pool(const Bench *bench, const char *folder, double seconds, guint children) {
  g_autofree char *key_file = g_build_filename(folder, "saml.key", NULL);
  g_autoptr(Log) log = log_new(LOG_FORMAT_JSON, LOG_INFO);
  g_autoptr(GError) error = NULL;
  SamlVerifierOptions options = {
      .program = g_getenv("GATEPOST_BIN"), .key_file = key_file, .children = children, .log = log};
  g_autoptr(SamlVerifier) verifier = saml_verifier_new(&options, &error);
  if (verifier == NULL)
    g_error("%s", error->message);
  gint64 begin = clock_now();
  Crowd crowd = {.bench = bench, .verifier = verifier, .end = begin + (gint64)(seconds * US)};
  ThreadPool *threads = thread_pool_new("crowd", children + 1, children + 1);
  for (guint i = 0; i < children + 1; i++)
    thread_pool_push(threads, sign_in, &crowd, NULL, 0);
  thread_pool_free(threads);
  printf("{\"n\": %d, \"away\": %d, \"wall\": %f}\n", crowd.n, crowd.away,
         (double)(clock_now() - begin) / US);
  return 0;
}

int main(int argc, char **argv) {
  if (argc < 4)
    g_error("see the head of saml_bench.c");
  g_setenv("TZ", "UTC0", TRUE);
  if (!saml_libraries_start())
    g_error("the XML libraries do not start");
  const char *folder = argv[1], *what = argv[2];
  g_auto(Bench) bench = {.connection = load_connection(folder)};
  bench.message = load(folder, argv[3], &bench.n);
  bench.sp = load(folder, "sp.xml", NULL);
  bench.idp = load(folder, "idp.xml", NULL);
  double seconds = argc > 4 ? g_ascii_strtod(argv[4], NULL) : 0;
  if (strcmp(what, "ours") == 0)
    return repeat_ours(&bench, seconds);
  if (strcmp(what, "lasso") == 0)
    return repeat_lasso(&bench, seconds);
  if (strcmp(what, "pool") == 0)
    return measure_pool(&bench, folder, seconds, (guint)g_ascii_strtoull(argv[5], NULL, 10));
  return measure_once(&bench);
}
