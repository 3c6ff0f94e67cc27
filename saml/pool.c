#include "saml/pool.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/limits.h"
#include "lib/text.h"
#include "lib/thread.h"
#include "saml/channel.h"
#include "saml/form.h"
#include "saml/spawn.h"

G_DEFINE_QUARK(gatepost - saml - verifier - error, saml_verifier_error)

#define US G_GINT64_CONSTANT(1000000)
#define MS G_GINT64_CONSTANT(1000)
#define START_SECONDS 20  /* a loaded host; a start takes a fifth of a second */
#define HELLO_SECONDS 1   /* from its first byte to its last */
#define STEADY_SECONDS 60 /* who lived this long did not die of its start */
#define REST_FIRST_MS 100
#define REST_MOST_MS 5000
#define GP_STARTS 4005 /* it neither came up nor said why */

/* A process is the keeper's in all states but BUSY; then it is the taker's. */
typedef enum { RESTING, STARTING, IDLE, BUSY, DOOMED } State;

struct SamlChild {
  State state;
  pid_t pid;
  int fd;
  gint64 due;    /* RESTING: when it starts; STARTING: when that took too long */
  gint64 since;  /* when it was ready */
  guint deaths;  /* in a row, each soon after a start */
  gboolean gone; /* BUSY: its end of the socket is closed */
};

struct SamlPool {
  ThreadMonitor monitor;
  ThreadPool *thread;
  int wake; /* eventfd: look again */
  gboolean wanted, stopping;
  guint n;
  SamlChild *children;
  guint64 deaths;
  SamlHello refusal; /* of the last one that would not start, since somebody asked; code 0: none */
  char *program, *key_file;
  Log *log;
};

int saml_child_fd(const SamlChild *child) {
  return child->fd;
}

static void wake_keeper(SamlPool *pool) {
  guint64 one = 1;
  if (write(pool->wake, &one, sizeof one) < 0) {
    /* It is full: the keeper has been told already. */
  }
}

/* ---- the keeper, inside the monitor */

static void rest(SamlChild *child) {
  gint64 pause = child->deaths <= 1 ? 0 : MIN(REST_FIRST_MS << MIN(child->deaths - 2, 10u), REST_MOST_MS);
  child->state = RESTING;
  child->due = clock_now() + pause * MS;
}

static void refuse(SamlPool *pool, guint code, const char *words) {
  g_autofree char *clean = text_clean(words, sizeof pool->refusal.words - 1);
  g_autofree char *shown = g_strdup_printf("GP-%04u", code);
  pool->refusal.code = code;
  g_strlcpy(pool->refusal.words, clean, sizeof pool->refusal.words);
  log_event(pool->log, LOG_ERROR, "saml_verifier_refused", "code", shown, "why", clean, NULL);
}

static void start(SamlPool *pool, SamlChild *child) {
  const char *why;
  if (saml_spawn(pool->program, pool->key_file, &child->pid, &child->fd, &why)) {
    child->state = STARTING;
    child->due = clock_deadline(START_SECONDS);
    return;
  }
  refuse(pool, GP_STARTS, why);
  child->deaths++;
  rest(child);
}

static void end(SamlPool *pool, SamlChild *child) {
  gboolean worked = child->state != STARTING;
  g_autofree char *how = saml_spawn_end(child->pid);
  g_autofree char *pid = g_strdup_printf("%d", (int)child->pid);
  close(child->fd);
  child->fd = -1;
  child->gone = FALSE;
  child->deaths = worked && clock_now() - child->since > STEADY_SECONDS * US ? 1 : child->deaths + 1;
  rest(child);
  if (!worked)
    return;
  pool->deaths++;
  log_event(pool->log, LOG_ERROR, "saml_verifier_died", "code", "GP-4006", "pid", pid, "how", how, NULL);
}

/* What it says first, in one piece, having read nothing yet. */
static void greet(SamlPool *pool, SamlChild *child) {
  SamlHello hello = {0};
  g_autoptr(GByteArray) frame =
      saml_channel_receive(child->fd, LIMIT_SAML_HELLO_BYTES, clock_deadline(HELLO_SECONDS));
  if (frame == NULL || !saml_wire_get(frame->data, frame->len, saml_form_hello, &hello))
    hello = (SamlHello){GP_STARTS, "the process ended while it started"};
  if (hello.code != 0) {
    refuse(pool, hello.code, hello.words);
    end(pool, child);
    return;
  }
  child->state = IDLE;
  child->since = clock_now();
}

static void look(SamlPool *pool, SamlChild *child, short seen) {
  gint64 now = clock_now();
  if (child->state == RESTING && child->due <= now) {
    start(pool, child);
  } else if (child->state == STARTING && (seen != 0 || child->due <= now)) {
    greet(pool, child);
  } else if (child->state == DOOMED || (child->state == IDLE && seen != 0)) {
    end(pool, child);
  } else {
    child->gone = child->gone || seen != 0;
    return;
  }
  thread_monitor_notify_all(&pool->monitor);
}

/* What to wait for, and at most how long. */
static int watch(const SamlPool *pool, struct pollfd *pollers) {
  gint64 first = G_MAXINT64;
  pollers[0] = (struct pollfd){.fd = pool->wake, .events = POLLIN};
  for (guint i = 0; i < pool->n; i++) {
    const SamlChild *child = &pool->children[i];
    gboolean there = child->state != RESTING && child->state != DOOMED && !child->gone;
    /* Without events poll(2) tells of an end alone. */
    pollers[i + 1] =
        (struct pollfd){.fd = there ? child->fd : -1, .events = child->state == STARTING ? POLLIN : 0};
    if (child->state == RESTING || child->state == STARTING)
      first = MIN(first, child->due);
  }
  return first == G_MAXINT64 || !pool->wanted ? -1 : clock_left_ms(first);
}

static void keep(gpointer data) {
  SamlPool *pool = data;
  g_autofree struct pollfd *pollers = g_new0(struct pollfd, pool->n + 1);
  thread_monitor_enter(&pool->monitor);
  while (!pool->stopping) {
    int wait_ms = watch(pool, pollers);
    thread_monitor_leave(&pool->monitor);
    int got = poll(pollers, pool->n + 1, wait_ms);
    guint64 ignored;
    if (got > 0 && pollers[0].revents != 0 && read(pool->wake, &ignored, sizeof ignored) < 0)
      g_error("cannot read the keeper's eventfd");
    thread_monitor_enter(&pool->monitor);
    for (guint i = 0; pool->wanted && !pool->stopping && i < pool->n; i++)
      look(pool, &pool->children[i], got > 0 && pollers[i + 1].fd >= 0 ? pollers[i + 1].revents : 0);
  }
  for (guint i = 0; i < pool->n; i++)
    if (pool->children[i].state != RESTING) {
      g_free(saml_spawn_end(pool->children[i].pid));
      close(pool->children[i].fd);
    }
  thread_monitor_leave(&pool->monitor);
}

/* ---- for everybody */

SamlPool *saml_pool_new(const SamlVerifierOptions *options) {
  SamlPool *pool = g_new0(SamlPool, 1);
  thread_monitor_init(&pool->monitor);
  pool->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  g_assert(pool->wake >= 0);
  pool->n = MIN(options->children == 0 ? g_get_num_processors() : options->children, LIMIT_SAML_VERIFIERS);
  pool->children = g_new0(SamlChild, pool->n);
  pool->program = g_strdup(options->program);
  pool->key_file = g_strdup(options->key_file);
  pool->log = options->log;
  pool->thread = thread_pool_new("saml-keeper", 1, 1);
  thread_pool_push(pool->thread, keep, pool, NULL, 0);
  return pool;
}

void saml_pool_free(SamlPool *pool) {
  if (pool == NULL)
    return;
  thread_monitor_enter(&pool->monitor);
  pool->stopping = TRUE;
  thread_monitor_leave(&pool->monitor);
  wake_keeper(pool);
  thread_pool_free(pool->thread);
  close(pool->wake);
  g_free(pool->children);
  g_free(pool->program);
  g_free(pool->key_file);
  thread_monitor_clear(&pool->monitor);
  g_free(pool);
}

/* Inside the monitor. */
static guint count(const SamlPool *pool, State least, State most) {
  guint n = 0;
  for (guint i = 0; i < pool->n; i++)
    n += pool->children[i].state >= least && pool->children[i].state <= most;
  return n;
}

static void want(SamlPool *pool) {
  if (!pool->wanted)
    wake_keeper(pool);
  pool->wanted = TRUE;
}

gboolean saml_pool_start(SamlPool *pool, GError **error) {
  thread_monitor_enter(&pool->monitor);
  want(pool);
  pool->refusal.code = 0;
  while (count(pool, IDLE, BUSY) < pool->n && pool->refusal.code == 0)
    thread_monitor_wait(&pool->monitor, G_MAXINT64);
  SamlHello refusal = pool->refusal;
  thread_monitor_leave(&pool->monitor);
  if (refusal.code == 0)
    return TRUE;
  g_set_error(error, SAML_VERIFIER_ERROR, SAML_VERIFIER_ERROR_START, "%s (GP-%04u)", refusal.words,
              refusal.code);
  return FALSE;
}

/* Inside the monitor. One that has died since the keeper looked is nobody's loss. */
static SamlChild *take_idle(SamlPool *pool) {
  for (guint i = 0; i < pool->n; i++) {
    SamlChild *child = &pool->children[i];
    struct pollfd poller = {.fd = child->fd, .events = POLLIN};
    if (child->state != IDLE)
      continue;
    if (poll(&poller, 1, 0) == 0) {
      child->state = BUSY;
      return child;
    }
    child->state = DOOMED;
    wake_keeper(pool);
  }
  return NULL;
}

SamlChild *saml_pool_take(SamlPool *pool, gint64 deadline, SamlFailure *failure) {
  thread_monitor_enter(&pool->monitor);
  want(pool);
  SamlChild *child;
  while ((child = take_idle(pool)) == NULL && clock_now() < deadline)
    thread_monitor_wait(&pool->monitor, deadline);
  if (child == NULL)
    *failure = count(pool, BUSY, BUSY) > 0 ? SAML_BUSY : SAML_VERIFIER_AWAY;
  thread_monitor_leave(&pool->monitor);
  return child;
}

void saml_pool_give(SamlPool *pool, SamlChild *child, gboolean good) {
  thread_monitor_enter(&pool->monitor);
  child->state = good && !child->gone ? IDLE : DOOMED;
  if (child->state == DOOMED)
    wake_keeper(pool);
  thread_monitor_notify_all(&pool->monitor);
  thread_monitor_leave(&pool->monitor);
}

void saml_pool_health(SamlPool *pool, guint *alive, guint64 *deaths) {
  thread_monitor_enter(&pool->monitor);
  *alive = count(pool, IDLE, BUSY);
  *deaths = pool->deaths;
  thread_monitor_leave(&pool->monitor);
}
