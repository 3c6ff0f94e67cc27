#include "scim/housekeeping.h"

#include <string.h>

#include "lib/clock.h"
#include "lib/limits.h"
#include "lib/text.h"
#include "lib/thread.h"
#include "scim/arrival.h"
#include "scim/store_keep.h"

#define ACKS_BATCH 5000
#define USES_TICKS 5
#define SWEEP_TICKS 60
#define KEEP_SECONDS 10

typedef struct {
  char *org_id, *request_id;
} Ack;

struct ScimAcks {
  ThreadMonitor monitor;
  GQueue waiting; /* Ack*, oldest first */
};

static void ack_free(gpointer data) {
  Ack *ack = data;
  g_free(ack->org_id);
  g_free(ack->request_id);
  g_free(ack);
}

ScimAcks *scim_acks_new(void) {
  ScimAcks *acks = g_new0(ScimAcks, 1);
  thread_monitor_init(&acks->monitor);
  return acks;
}

void scim_acks_free(ScimAcks *acks) {
  if (acks == NULL)
    return;
  g_queue_clear_full(&acks->waiting, ack_free);
  thread_monitor_clear(&acks->monitor);
  g_free(acks);
}

void scim_acks_add(ScimAcks *acks, gint64 org_id, const char *request_id) {
  Ack *ack = g_new0(Ack, 1);
  ack->org_id = g_strdup_printf("%" G_GINT64_FORMAT, org_id);
  ack->request_id = g_strdup(request_id);
  thread_monitor_enter(&acks->monitor);
  g_queue_push_tail(&acks->waiting, ack);
  Ack *oldest = acks->waiting.length > LIMIT_ACKS ? g_queue_pop_head(&acks->waiting) : NULL;
  thread_monitor_leave(&acks->monitor);
  if (oldest != NULL)
    ack_free(oldest);
}

static GPtrArray *take_acks(ScimAcks *acks) {
  GPtrArray *batch = g_ptr_array_new_with_free_func(ack_free);
  thread_monitor_enter(&acks->monitor);
  while (batch->len < ACKS_BATCH && !g_queue_is_empty(&acks->waiting))
    g_ptr_array_add(batch, g_queue_pop_head(&acks->waiting));
  thread_monitor_leave(&acks->monitor);
  return batch;
}

static void put_acks_back(ScimAcks *acks, GPtrArray *batch) {
  thread_monitor_enter(&acks->monitor);
  while (batch->len > 0)
    g_queue_push_head(&acks->waiting, g_ptr_array_steal_index(batch, batch->len - 1));
  thread_monitor_leave(&acks->monitor);
}

static gboolean write_acks(ScimService *service, GError **error) {
  g_autoptr(GPtrArray) batch = take_acks(service->acks);
  if (batch->len == 0)
    return TRUE;
  g_autoptr(GPtrArray) orgs = g_ptr_array_new(), requests = g_ptr_array_new();
  for (guint i = 0; i < batch->len; i++) {
    const Ack *ack = batch->pdata[i];
    g_ptr_array_add(orgs, ack->org_id);
    g_ptr_array_add(requests, ack->request_id);
  }
  if (scim_store_keep_acknowledge(service->pool, clock_deadline(KEEP_SECONDS),
                                  (const char *const *)orgs->pdata, (const char *const *)requests->pdata,
                                  batch->len, error))
    return TRUE;
  put_acks_back(service->acks, batch);
  return FALSE;
}

/* Last uses: one entry a token, the latest. Bounded by the number of tokens that are good. */
typedef struct {
  gint64 org_id, at_us;
  char *ip, *agent;
} Use;

struct ScimTokenUses {
  ThreadMonitor monitor;
  GHashTable *latest; /* token_id (gint64*) → Use */
};

static void use_free(gpointer data) {
  Use *use = data;
  g_free(use->ip);
  g_free(use->agent);
  g_free(use);
}

static GHashTable *uses_table(void) {
  return g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, use_free);
}

ScimTokenUses *scim_token_uses_new(void) {
  ScimTokenUses *uses = g_new0(ScimTokenUses, 1);
  thread_monitor_init(&uses->monitor);
  uses->latest = uses_table();
  return uses;
}

void scim_token_uses_free(ScimTokenUses *uses) {
  if (uses == NULL)
    return;
  g_hash_table_unref(uses->latest);
  thread_monitor_clear(&uses->monitor);
  g_free(uses);
}

void scim_token_uses_add(ScimTokenUses *uses, gint64 org_id, gint64 token_id, const char *ip,
                         const char *agent) {
  Use *use = g_new0(Use, 1);
  *use = (Use){org_id, clock_wall(), g_strdup(ip), agent != NULL ? text_quote(agent) : g_strdup("")};
  gint64 *key = g_new(gint64, 1);
  *key = token_id;
  thread_monitor_enter(&uses->monitor);
  g_hash_table_replace(uses->latest, key, use);
  thread_monitor_leave(&uses->monitor);
}

static GHashTable *take_uses(ScimTokenUses *uses) {
  GHashTable *fresh = uses_table();
  thread_monitor_enter(&uses->monitor);
  GHashTable *taken = uses->latest;
  uses->latest = fresh;
  thread_monitor_leave(&uses->monitor);
  return taken;
}

static GPtrArray *texts(void) {
  return g_ptr_array_new_with_free_func(g_free);
}

static void add_use(ScimKeepUses *rows, gint64 token_id, const Use *use) {
  char at[CLOCK_TEXT_BYTES];
  g_ptr_array_add(rows->org_ids, g_strdup_printf("%" G_GINT64_FORMAT, use->org_id));
  g_ptr_array_add(rows->token_ids, g_strdup_printf("%" G_GINT64_FORMAT, token_id));
  g_ptr_array_add(rows->at, g_strdup(clock_format(use->at_us, at)));
  g_ptr_array_add(rows->ips, g_strdup(use->ip));
  g_ptr_array_add(rows->agents, g_strdup(use->agent));
}

/* A lost batch is a last use that is a few seconds old when the next comes: it is not kept for a retry. */
static gboolean write_uses(ScimService *service, GError **error) {
  g_autoptr(GHashTable) latest = take_uses(service->uses);
  if (g_hash_table_size(latest) == 0)
    return TRUE;
  g_autoptr(GPtrArray) orgs = texts(), tokens = texts(), at = texts(), ips = texts(), agents = texts();
  ScimKeepUses rows = {.org_ids = orgs, .token_ids = tokens, .ips = ips, .agents = agents, .at = at};
  GHashTableIter iter;
  gpointer key, use;
  g_hash_table_iter_init(&iter, latest);
  while (g_hash_table_iter_next(&iter, &key, &use))
    add_use(&rows, *(const gint64 *)key, use);
  return scim_store_keep_uses(service->pool, clock_deadline(KEEP_SECONDS), &rows, error);
}

static void report(const ScimService *service, const char *what, gboolean done, GError *error) {
  if (done)
    return;
  log_event(service->log, LOG_WARNING, "housekeeping_failed", "what", what, "cause", error->message, NULL);
  g_error_free(error);
}

static gboolean pending_body(Db *db, gpointer data, GError **error) {
  const ScimService *service = data;
  g_autoptr(DbResult) rows = scim_store_keep_pending(db, error);
  if (rows == NULL)
    return FALSE;
  ScimArrival arrival = {.hook = &service->directory, .actor = "housekeeping"};
  scim_arrival_queue(&arrival, db, rows);
  return TRUE;
}

/* A commit in doubt is not asked about: the next sweep sees what is left. */
static gboolean sweep_pending(ScimService *service, GError **error) {
  if (!db_tx_run(service->pool, clock_deadline(KEEP_SECONDS), pending_body, NULL, service, error))
    return FALSE;
  if (service->directory.committed != NULL)
    service->directory.committed(service->directory.data);
  return TRUE;
}

static void sweep_all(ScimService *service) {
  static const char *const names[SCIM_KEEP_COUNT] = {
      [SCIM_KEEP_FOLD] = "totals",
      [SCIM_KEEP_REQUESTS] = "requests",
      [SCIM_KEEP_TOMBSTONES] = "tombstones",
      [SCIM_KEEP_PARTITIONS] = "partitions",
  };
  for (int i = 0; i < SCIM_KEEP_COUNT; i++) {
    GError *error = NULL;
    report(service, names[i],
           scim_store_keep_sweep(service->pool, clock_deadline(KEEP_SECONDS), (ScimKeepSweep)i, &error),
           error);
  }
  GError *error = NULL;
  report(service, "pending", sweep_pending(service, &error), error);
}

void scim_housekeeping_run(ScimService *service, guint64 tick) {
  GError *error = NULL;
  report(service, "acknowledgements", write_acks(service, &error), error);
  if (tick % USES_TICKS == 0) {
    error = NULL;
    report(service, "token uses", write_uses(service, &error), error);
  }
  if (tick % SWEEP_TICKS == 0)
    sweep_all(service);
}
