#include "lib/db.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/db_internal.h"

#define SERVER_VERSION_MIN 150000
#define ATTEMPT_US \
  (3 * G_USEC_PER_SEC) /* a host that swallows packets must not eat the request's whole deadline */

/* Sent in the start-up message: no round trip. statement_timeout is the server's own belt; the deadline is ours and
 * also covers what the server does not (the wait for a synchronous standby). */
#define SESSION_OPTIONS                                                                     \
  "-c statement_timeout=10s -c lock_timeout=3s -c idle_in_transaction_session_timeout=15s " \
  "-c client_connection_check_interval=2s -c TimeZone=UTC "                                 \
  "-c default_transaction_isolation=read\\ committed"

/* What libpq is told where the administrator's connection string is silent. All work is the primary's: a standby that is
 * asked by accident refuses at once instead of at the first write. */
static const struct {
  const char *keyword, *value;
} defaults[] = {
    {"connect_timeout", "2"},
    {"keepalives", "1"},
    {"keepalives_idle", "10"},
    {"keepalives_interval", "5"},
    {"keepalives_count", "3"},
    {"tcp_user_timeout", "20000"},
    {"target_session_attrs", "read-write"},
};

typedef struct {
  GPtrArray *keywords;
  GPtrArray *values;
} Parameters;

static void parameters_clear(Parameters *parameters) {
  g_ptr_array_unref(parameters->keywords);
  g_ptr_array_unref(parameters->values);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Parameters, parameters_clear)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PQconninfoOption, PQconninfoFree)

/* Takes value. */
static void parameters_add(Parameters *parameters, const char *keyword, char *value) {
  g_ptr_array_add(parameters->keywords, g_strdup(keyword));
  g_ptr_array_add(parameters->values, value);
}

static gboolean parameters_have(const Parameters *parameters, const char *keyword) {
  for (guint i = 0; i < parameters->keywords->len; i++)
    if (strcmp(g_ptr_array_index(parameters->keywords, i), keyword) == 0)
      return TRUE;
  return FALSE;
}

/* A list "a,b,c" turned so that it begins with its nth element; one element stays as it is. */
static char *rotate(const char *list, guint n) {
  g_auto(GStrv) items = g_strsplit(list, ",", -1);
  guint count = g_strv_length(items);
  if (count < 2)
    return g_strdup(list);
  GString *text = g_string_new(NULL);
  for (guint i = 0; i < count; i++)
    g_string_append_printf(text, "%s%s", i == 0 ? "" : ",", items[(i + n) % count]);
  return g_string_free(text, FALSE);
}

/* The administrator's own options come after ours and win; the schema and the role are not his to choose. */
static char *session_options(const char *own, const char *role) {
  GString *text = g_string_new(SESSION_OPTIONS);
  if (own != NULL)
    g_string_append_printf(text, " %s", own);
  g_string_append(text, " -c search_path=public");
  if (role == NULL)
    return g_string_free(text, FALSE);
  g_string_append(text, " -c role=");
  for (const char *p = role; *p != '\0'; p++) {
    if (g_ascii_isspace(*p) || *p == '\\')
      g_string_append_c(text, '\\');
    g_string_append_c(text, *p);
  }
  return g_string_free(text, FALSE);
}

static gboolean is_list(const char *keyword) {
  return strcmp(keyword, "host") == 0 || strcmp(keyword, "hostaddr") == 0 || strcmp(keyword, "port") == 0;
}

/* libpq's own words about a bad string would quote parts of it, a password among them. */
static gboolean parameters_build(const DbConnect *connect, Parameters *parameters, GError **error) {
  g_autoptr(PQconninfoOption) parsed = PQconninfoParse(connect->conninfo, NULL);
  if (parsed == NULL) {
    g_set_error_literal(
        error, DB_ERROR, DB_ERROR_SERVER,
        "the setting \"database\" is no PostgreSQL connection string (keyword=value pairs or a URI)");
    return FALSE;
  }
  const char *own = NULL;
  for (const PQconninfoOption *option = parsed; option->keyword != NULL; option++) {
    if (option->val == NULL || strcmp(option->keyword, "client_encoding") == 0)
      continue;
    if (strcmp(option->keyword, "options") == 0)
      own = option->val;
    else if (connect->application_name == NULL || strcmp(option->keyword, "application_name") != 0)
      parameters_add(parameters, option->keyword,
                     is_list(option->keyword) ? rotate(option->val, connect->rotation)
                                              : g_strdup(option->val));
  }
  for (gsize i = 0; i < G_N_ELEMENTS(defaults); i++)
    if (!parameters_have(parameters, defaults[i].keyword))
      parameters_add(parameters, defaults[i].keyword, g_strdup(defaults[i].value));
  if (connect->application_name != NULL)
    parameters_add(parameters, "application_name", g_strdup(connect->application_name));
  parameters_add(parameters, "client_encoding", g_strdup("UTF8"));
  parameters_add(parameters, "options", session_options(own, connect->role));
  g_ptr_array_add(parameters->keywords, NULL);
  g_ptr_array_add(parameters->values, NULL);
  return TRUE;
}

/* libpq ignores connect_timeout here: this loop is the timer. */
static gboolean establish(PGconn *conn, gint64 deadline, GError **error) {
  gint64 until = MIN(deadline, clock_now() + ATTEMPT_US);
  PostgresPollingStatusType want = PGRES_POLLING_WRITING;
  while (want != PGRES_POLLING_OK && want != PGRES_POLLING_FAILED) {
    struct pollfd wait = {.fd = PQsocket(conn), .events = want == PGRES_POLLING_READING ? POLLIN : POLLOUT};
    int ready = poll(&wait, 1, clock_left_ms(until));
    if (ready < 0 && errno == EINTR)
      continue;
    if (ready <= 0) {
      g_set_error_literal(error, DB_ERROR, DB_ERROR_UNAVAILABLE,
                          "PostgreSQL did not answer in time while connecting");
      return FALSE;
    }
    want = PQconnectPoll(conn);
  }
  if (want == PGRES_POLLING_OK)
    return TRUE;
  g_autofree char *line = db_error_line(conn);
  g_set_error(error, DB_ERROR, DB_ERROR_UNAVAILABLE, "cannot connect to PostgreSQL: %s", line);
  return FALSE;
}

static gboolean check_server(const PGconn *conn, GError **error) {
  int version = PQserverVersion(conn);
  const char *encoding = PQparameterStatus(conn, "server_encoding");
  if (version < SERVER_VERSION_MIN) {
    g_set_error(error, DB_ERROR, DB_ERROR_SERVER, "this PostgreSQL is version %d; 15 or later is needed",
                version / 10000);
    return FALSE;
  }
  if (g_strcmp0(encoding, "UTF8") != 0) {
    g_set_error(error, DB_ERROR, DB_ERROR_SERVER,
                "the database's encoding is %s; UTF8 is needed (createdb -E UTF8 -T template0)",
                encoding != NULL ? encoding : "unknown");
    return FALSE;
  }
  return TRUE;
}

/* Nothing of libpq's goes to stderr. A wait for a synchronous standby that was given up leaves a warning (01000 by
 * cancel, 57P01 by shutdown) although COMMIT then "succeeds". */
static void on_notice(void *data, const PGresult *notice) {
  Db *db = data;
  const char *sqlstate = PQresultErrorField(notice, PG_DIAG_SQLSTATE);
  const char *severity = PQresultErrorField(notice, PG_DIAG_SEVERITY_NONLOCALIZED);
  if (db->committing && g_strcmp0(severity, "WARNING") == 0 &&
      (g_strcmp0(sqlstate, "01000") == 0 || g_strcmp0(sqlstate, "57P01") == 0))
    db->local_only = TRUE;
  /* Last words to an idle client: by an administrator, or because another backend crashed (a warning). */
  if (g_strcmp0(severity, "FATAL") == 0 || g_strcmp0(sqlstate, "57P02") == 0)
    db->lost = TRUE;
}

static void entry_clear(gpointer data) {
  DbEntry *entry = data;
  g_free(entry->name);
  db_result_free(entry->result);
}

Db *db_connect(const DbConnect *connect, gint64 deadline, GError **error) {
  g_auto(Parameters)
      parameters = {g_ptr_array_new_with_free_func(g_free), g_ptr_array_new_with_free_func(g_free)};
  if (!parameters_build(connect, &parameters, error))
    return NULL;
  g_autoptr(Db) db = g_new0(Db, 1);
  db->deadline = deadline;
  db->prepared = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  db->entries = g_array_new(FALSE, TRUE, sizeof(DbEntry));
  g_array_set_clear_func(db->entries, entry_clear);
  db->conn = PQconnectStartParams((const char *const *)parameters.keywords->pdata,
                                  (const char *const *)parameters.values->pdata, 0);
  g_assert(db->conn != NULL);
  PQsetNoticeReceiver(db->conn, on_notice, db);
  if (PQstatus(db->conn) == CONNECTION_BAD) {
    g_autofree char *line = db_error_line(db->conn);
    g_set_error(error, DB_ERROR, DB_ERROR_UNAVAILABLE, "cannot connect to PostgreSQL: %s", line);
    return NULL;
  }
  if (!establish(db->conn, deadline, error) || !check_server(db->conn, error))
    return NULL;
  if (PQsetnonblocking(db->conn, 1) != 0 || PQenterPipelineMode(db->conn) != 1) {
    g_set_error_literal(error, DB_ERROR, DB_ERROR_UNAVAILABLE,
                        "cannot switch the connection to pipeline mode");
    return NULL;
  }
  return g_steal_pointer(&db);
}

Db *db_open(const char *conninfo, const char *application_name, gint64 deadline, GError **error) {
  DbConnect connect = {.conninfo = conninfo, .application_name = application_name};
  return db_connect(&connect, deadline, error);
}

void db_free(Db *db) {
  if (db == NULL)
    return;
  PQfinish(db->conn);
  g_hash_table_unref(db->prepared);
  g_array_unref(db->entries);
  g_clear_error(&db->failure);
  g_free(db);
}

void db_set_deadline(Db *db, gint64 deadline) {
  db->deadline = deadline;
}

gboolean db_usable(const Db *db) {
  return !db->lost && !db->retired;
}

/* Readable while idle: a parameter or a notice, and perhaps the end of the connection behind it. */
gboolean db_alive(Db *db) {
  struct pollfd wait = {.fd = PQsocket(db->conn), .events = POLLIN};
  while (db_usable(db) && poll(&wait, 1, 0) > 0)
    if (PQconsumeInput(db->conn) != 1 || PQisBusy(db->conn) != 0 || PQstatus(db->conn) != CONNECTION_OK)
      db->lost = TRUE;
  return db_usable(db);
}
