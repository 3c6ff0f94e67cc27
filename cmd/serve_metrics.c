#include "cmd/serve_metrics.h"

#include <dirent.h>
#include <string.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/jsontext.h"
#include "mail/store_notice.h"
#include "mail/store_waiting.h"

#define US 1e6
#define HELD_TICKS 5 /* seconds between two looks */
#define HELD_SECONDS 2

static const MetricsFamily families[] = {
    {"gatepost_build_info", "The version that runs.", METRICS_GAUGE, {"version"}},
    {"gatepost_http_requests_total", "HTTP requests answered.", METRICS_COUNTER, {"route", "method", "code"}},
    {"gatepost_http_request_duration_seconds",
     "From the last header to the reply.",
     METRICS_HISTOGRAM,
     {"route"}},
    {"gatepost_http_forwarded_ignored_total",
     "Requests with X-Forwarded-For from an address that is not in trusted_proxies (GP-1212).",
     METRICS_COUNTER,
     {NULL}},
    {"gatepost_http_connections", "Open connections.", METRICS_GAUGE, {NULL}},
    {"gatepost_http_queue", "Requests waiting for a worker, and running.", METRICS_GAUGE, {"state"}},
    {"gatepost_db_pool_connections", "Connections to PostgreSQL.", METRICS_GAUGE, {"state"}},
    {"gatepost_database_up", "1 when the last look at the database succeeded.", METRICS_GAUGE, {NULL}},
    SCIM_METRICS_FAMILIES,
    SAML_VERIFIER_METRICS_FAMILIES,
    {"gatepost_sync_held_changes",
     "Changes to mailboxes that wait for an administrator (GP-4301, GP-4302).",
     METRICS_GAUGE,
     {"org"}},
    {"gatepost_mail_leavers_waiting",
     "People who left and whose sessions a mail store has not ended within a minute (GP-4306).",
     METRICS_GAUGE,
     {"backend"}},
    {"process_cpu_seconds_total", "User and system time.", METRICS_COUNTER, {NULL}},
    {"process_resident_memory_bytes", "Resident memory.", METRICS_GAUGE, {NULL}},
    {"process_open_fds", "Open descriptors.", METRICS_GAUGE, {NULL}},
    {"process_start_time_seconds", "Start, seconds since 1970.", METRICS_GAUGE, {NULL}},
    {NULL},
};

const MetricsFamily *serve_metrics_families(void) {
  return families;
}

static double open_descriptors(void) {
  DIR *folder = opendir("/proc/self/fd");
  if (folder == NULL)
    return 0;
  int n = -3; /* ".", "..", the folder itself */
  while (readdir(folder) != NULL)
    n++;
  closedir(folder);
  return n;
}

/* Places in /proc/self/stat, counted from field 3, which follows the name (that may hold anything) in parentheses. */
enum { STAT_USER = 14 - 3, STAT_SYSTEM = 15 - 3, STAT_PAGES = 24 - 3, STAT_FIELDS };

static void collect_process(ServeState *state) {
  g_autofree char *text = NULL;
  if (!g_file_get_contents("/proc/self/stat", &text, NULL, NULL))
    return;
  const char *name_end = strrchr(text, ')');
  g_auto(GStrv) fields = name_end == NULL ? NULL : g_strsplit(name_end + 2, " ", -1);
  if (fields == NULL || g_strv_length(fields) < STAT_FIELDS)
    return;
  double ticks = g_ascii_strtod(fields[STAT_USER], NULL) + g_ascii_strtod(fields[STAT_SYSTEM], NULL);
  double cpu = ticks / (double)sysconf(_SC_CLK_TCK);
  metrics_add(state->metrics, "process_cpu_seconds_total", cpu - state->cpu_seconds, NULL);
  state->cpu_seconds = cpu;
  double pages = g_ascii_strtod(fields[STAT_PAGES], NULL);
  metrics_set(state->metrics, "process_resident_memory_bytes", pages * (double)sysconf(_SC_PAGESIZE), NULL);
}

static void collect_server(ServeState *state) {
  guint connections, waiting, running;
  if (state->server == NULL)
    return;
  http_server_load(state->server, &connections, &waiting, &running);
  metrics_set(state->metrics, "gatepost_http_connections", connections, NULL);
  metrics_set(state->metrics, "gatepost_http_queue", waiting, "waiting", NULL);
  metrics_set(state->metrics, "gatepost_http_queue", running, "running", NULL);
}

static void collect_pool(ServeState *state) {
  guint open, used;
  if (state->pool == NULL)
    return;
  db_pool_load(state->pool, &open, &used);
  metrics_set(state->metrics, "gatepost_db_pool_connections", used, "used", NULL);
  metrics_set(state->metrics, "gatepost_db_pool_connections", open - used, "idle", NULL);
}

static void look_at_waiting(ServeState *state) {
  g_autoptr(json_t) stores = mail_store_waiting(state->pool, clock_deadline(HELD_SECONDS), NULL);
  gsize i;
  json_t *row;
  json_array_foreach(stores, i, row) {
    metrics_set(state->metrics, "gatepost_mail_leavers_waiting",
                (double)json_integer_value(json_object_get(row, "waiting")),
                json_string_value(json_object_get(row, "backend")), NULL);
  }
}

void serve_metrics_look(ServeState *state, guint64 tick) {
  if (tick % HELD_TICKS != 0)
    return;
  look_at_waiting(state);
  g_autoptr(json_t) held = mail_store_notice_held(state->pool, clock_deadline(HELD_SECONDS), NULL);
  gsize i;
  json_t *row;
  json_array_foreach(held, i, row) {
    metrics_set(state->metrics, "gatepost_sync_held_changes",
                (double)json_integer_value(json_object_get(row, "held")),
                json_string_value(json_object_get(row, "org")), NULL);
  }
}

static void collect_verifiers(ServeState *state) {
  guint alive;
  guint64 deaths;
  if (state->web.verifier == NULL)
    return;
  saml_verifier_health(state->web.verifier, &alive, &deaths);
  metrics_set(state->metrics, "gatepost_saml_verifiers", alive, NULL);
  metrics_add(state->metrics, "gatepost_saml_verifier_deaths_total",
              (double)(deaths - state->verifier_deaths), NULL);
  state->verifier_deaths = deaths;
}

void serve_metrics_collect(ServeState *state) {
  metrics_set(state->metrics, "gatepost_build_info", 1, GATEPOST_VERSION, NULL);
  metrics_set(state->metrics, "gatepost_database_up", state->database_up, NULL);
  metrics_set(state->metrics, "process_start_time_seconds", (double)state->started_us / US, NULL);
  metrics_set(state->metrics, "process_open_fds", open_descriptors(), NULL);
  collect_process(state);
  collect_server(state);
  collect_pool(state);
  collect_verifiers(state);
}
