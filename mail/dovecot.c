#include "mail/dovecot.h"

#include "lib/limits.h"
#include "lib/thread.h"
#include "mail/dovecot_node.h"

/* One cluster. Whoever is signed in may be so on any node, and a node that does not answer must not delay the others. */
struct MailDriver {
  GPtrArray *nodes;    /* MailDovecotNode * */
  ThreadPool *threads; /* NULL: there is one node */
};

/* What is asked of all nodes, and how far it is. */
typedef struct {
  MailDovecotNodeCall call;
  const MailTarget *target;
  gint64 deadline;
  ThreadMonitor lock; /* guards waiting */
  guint waiting;
} Round;

typedef struct {
  Round *round;
  MailDovecotNode *node;
  gboolean done;
  MailReport report;
  GError *error;
} Part;

static void close_driver(MailDriver *driver) {
  if (driver == NULL)
    return;
  thread_pool_free(driver->threads);
  g_ptr_array_unref(driver->nodes);
  g_free(driver);
}

static gboolean add_node(MailDriver *driver, const char *url, const char *secret, GError **error) {
  if (driver->nodes->len == LIMIT_DRIVER_NODES) {
    g_set_error(error, MAIL_DRIVER_ERROR, MAIL_DRIVER_ERROR_CONFIG, "more than %d nodes", LIMIT_DRIVER_NODES);
    return FALSE;
  }
  MailDovecotNode *node = mail_dovecot_node_new(url, secret, error);
  if (node != NULL)
    g_ptr_array_add(driver->nodes, node);
  return node != NULL;
}

static MailDriver *open_driver(const char *urls, const char *secret, GError **error) {
  MailDriver *driver = g_new0(MailDriver, 1);
  driver->nodes = g_ptr_array_new_with_free_func((GDestroyNotify)mail_dovecot_node_free);
  g_auto(GStrv) list = g_strsplit(urls, " ", -1);
  for (guint i = 0; list[i] != NULL; i++)
    if (!add_node(driver, list[i], secret, error)) {
      close_driver(driver);
      return NULL;
    }
  guint calls = driver->nodes->len * MAIL_DRIVER_CALLS;
  if (driver->nodes->len > 1)
    driver->threads = thread_pool_new("dovecot", calls, calls);
  return driver;
}

/* ---- all nodes */

static void do_part(gpointer data) {
  Part *part = data;
  Round *round = part->round;
  part->done = round->call(part->node, round->target, round->deadline, &part->report, &part->error);
  thread_monitor_enter(&round->lock);
  round->waiting--;
  thread_monitor_notify(&round->lock);
  thread_monitor_leave(&round->lock);
}

/* Each part ends by the deadline, so this does. */
static void await(Round *round) {
  thread_monitor_enter(&round->lock);
  while (round->waiting > 0)
    thread_monitor_wait(&round->lock, G_MAXINT64);
  thread_monitor_leave(&round->lock);
}

/* Sessions are each node's own; mail they may share. */
static void add_report(MailReport *sum, const MailReport *more) {
  sum->exists = sum->exists || more->exists;
  sum->messages = MAX(sum->messages, more->messages);
  sum->bytes = MAX(sum->bytes, more->bytes);
  sum->sessions += more->sessions;
}

/* Done only when every node said yes; the words are of the first that did not. */
static gboolean collect(Part *parts, guint n, MailReport *report, GError **error) {
  gboolean done = TRUE;
  for (guint i = 0; i < n; i++) {
    g_autoptr(GError) failure = parts[i].error;
    if (parts[i].done)
      add_report(report, &parts[i].report);
    else if (done && n > 1)
      g_propagate_prefixed_error(error, g_steal_pointer(&failure),
                                 "node %s: ", mail_dovecot_node_url(parts[i].node));
    else if (done)
      g_propagate_error(error, g_steal_pointer(&failure));
    done = done && parts[i].done;
  }
  return done;
}

/* at_once: in parallel. What makes or destroys mail goes from node to node: they may share it. */
static gboolean everywhere(MailDriver *driver, Round *round, gboolean at_once, MailReport *report,
                           GError **error) {
  guint n = driver->nodes->len;
  g_autofree Part *parts = g_new0(Part, n);
  thread_monitor_init(&round->lock);
  round->waiting = n;
  for (guint i = 0; i < n; i++) {
    parts[i] = (Part){.round = round, .node = driver->nodes->pdata[i]};
    if (driver->threads == NULL || !at_once ||
        !thread_pool_push(driver->threads, do_part, &parts[i], NULL, 0))
      do_part(&parts[i]);
  }
  await(round);
  thread_monitor_clear(&round->lock);
  return collect(parts, n, report, error);
}

/* ---- the calls of mail/driver.h */

static gboolean apply(MailDriver *driver, const MailTarget *target, gint64 deadline, GError **error) {
  MailReport report = {0};
  Round round = {.call = mail_dovecot_node_apply, .target = target, .deadline = deadline};
  return everywhere(driver, &round, !target->open, &report, error);
}

static gboolean cut(MailDriver *driver, const char *address, gint64 deadline, guint *ended, GError **error) {
  MailReport report = {0};
  MailTarget target = {.address = address};
  Round round = {.call = mail_dovecot_node_cut, .target = &target, .deadline = deadline};
  if (!everywhere(driver, &round, TRUE, &report, error))
    return FALSE;
  if (ended != NULL)
    *ended = report.sessions;
  return TRUE;
}

static gboolean look(MailDriver *driver, const char *address, gint64 deadline, MailReport *report,
                     GError **error) {
  MailReport found = {.messages = -1, .bytes = -1};
  MailTarget target = {.address = address};
  Round round = {.call = mail_dovecot_node_look, .target = &target, .deadline = deadline};
  if (!everywhere(driver, &round, TRUE, &found, error))
    return FALSE;
  *report = found;
  return TRUE;
}

static gboolean purge(MailDriver *driver, const char *address, gint64 deadline, GError **error) {
  MailReport report = {0};
  MailTarget target = {.address = address};
  Round round = {.call = mail_dovecot_node_purge, .target = &target, .deadline = deadline};
  return everywhere(driver, &round, FALSE, &report, error);
}

static gboolean list(MailDriver *driver, gint64 deadline, GPtrArray *listed, GError **error) {
  for (guint i = 0; i < driver->nodes->len; i++)
    if (!mail_dovecot_node_list(driver->nodes->pdata[i], deadline, listed, error))
      return FALSE;
  return TRUE;
}

static gboolean finds(MailDriver *driver, const char *const *addresses, gint64 deadline, GError **error) {
  for (guint i = 0; i < driver->nodes->len; i++)
    if (!mail_dovecot_node_finds(driver->nodes->pdata[i], addresses, deadline, error))
      return FALSE;
  return TRUE;
}

static gboolean online(MailDriver *driver, gint64 deadline, GHashTable *logins, GError **error) {
  for (guint i = 0; i < driver->nodes->len; i++)
    if (!mail_dovecot_node_online(driver->nodes->pdata[i], deadline, logins, error))
      return FALSE;
  return TRUE;
}

const MailDriverKind mail_dovecot = {
    .kind = "dovecot",
    .open = open_driver,
    .close = close_driver,
    .apply = apply,
    .cut = cut,
    .look = look,
    .purge = purge,
    .list = list,
    .finds = finds,
    .online = online,
};
