#include "mail/store_event.h"

#include <string.h>

#include "audit/audit.h"
#include "lib/crypto.h"
#include "mail/error.h"

static const DbStatement position = {
    "mail_event_position", "SELECT inode, at_byte, head FROM mail_event_position WHERE reader = $1"};

static void read_position(const DbResult *result, MailEventPosition *at) {
  *at = (MailEventPosition){0};
  g_autoptr(GBytes) head = db_rows(result) == 1 ? db_bytes(result, 0, 2) : NULL;
  if (head == NULL || g_bytes_get_size(head) != sizeof at->head)
    return;
  at->inode = db_int(result, 0, 0);
  at->offset = db_int(result, 0, 1);
  memcpy(at->head, g_bytes_get_data(head, NULL), sizeof at->head);
}

gboolean mail_store_event_position(DbPool *pool, gint64 deadline, const char *reader, MailEventPosition *at,
                                   GError **error) {
  DbArgs args = DB_ARGS_INIT;
  db_args_text(&args, reader);
  g_autoptr(DbResult) result = db_pool_read(pool, deadline, &position, &args, error);
  if (result != NULL)
    read_position(result, at);
  return result != NULL;
}

typedef struct {
  const char *reader;
  const MailEventBatch *batch;
  const GPtrArray *events;
} Write;

/* Also the lock: a second reader waits here, and then finds another position than its own. */
static const DbStatement move = {
    "mail_event_move",
    "INSERT INTO mail_event_position AS p (reader, inode, at_byte, head) VALUES ($1, $4, $5, $6)"
    " ON CONFLICT (reader) DO UPDATE SET inode = excluded.inode, at_byte = excluded.at_byte,"
    " head = excluded.head, moved_at = now() WHERE p.inode = $2 AND p.at_byte = $3 RETURNING 1"};

static gboolean move_position(Db *db, const Write *write, GError **error) {
  DbArgs args = DB_ARGS_INIT;
  const MailEventPosition *before = &write->batch->before, *after = &write->batch->after;
  db_args_text(&args, write->reader);
  db_args_int(&args, before->inode);
  db_args_int(&args, before->offset);
  db_args_int(&args, after->inode);
  db_args_int(&args, after->offset);
  db_args_bytes(&args, after->head, sizeof after->head);
  g_autoptr(DbResult) moved = db_query(db, &move, &args, error);
  if (moved == NULL)
    return FALSE;
  if (db_rows(moved) == 1)
    return TRUE;
  mail_error_set(error, MAIL_ERROR_REFUSED, GP_MAIL_EVENTS_TWICE, "%s is being read by another gatepost",
                 write->reader);
  return FALSE;
}

/* Whose they are: the mailbox's organisation and person, else the organisation of the domain. */
static const DbStatement owners = {
    "mail_event_owners",
    "SELECT x.address, coalesce(a.org_id, d.org_id), m.user_id FROM unnest($1::text[]) x(address)"
    " LEFT JOIN mail_address a ON a.address = x.address"
    " LEFT JOIN mailbox m ON m.org_id = a.org_id AND m.mailbox_id = a.mailbox_id"
    " LEFT JOIN domain d ON d.domain = split_part(x.address, '@', 2) AND d.verified_at IS NOT NULL"
    " WHERE coalesce(a.org_id, d.org_id) IS NOT NULL"};

static DbResult *find_owners(Db *db, const GPtrArray *events, GError **error) {
  g_autoptr(GHashTable) logins = g_hash_table_new(g_str_hash, g_str_equal);
  for (guint i = 0; i < events->len; i++)
    g_hash_table_add(logins, ((const MailEvent *)events->pdata[i])->login);
  g_autofree const char **names = (const char **)g_hash_table_get_keys_as_array(logins, NULL);
  g_autofree char *keep = NULL;
  DbArgs args = DB_ARGS_INIT;
  db_args_text_array(&args, names, g_hash_table_size(logins), &keep);
  return db_query(db, &owners, &args, error);
}

static void queue_record(Db *db, const MailEvent *event, gint64 org_id, const char *user_id) {
  char request[CRYPTO_UUID_TEXT_BYTES];
  g_autofree char *actor = g_strconcat("mail:", event->login, NULL);
  g_autoptr(json_t) detail = json_copy(event->detail);
  json_object_set_new(detail, "request_id", json_string(crypto_uuid(request)));
  json_object_set_new(detail, "organization_id", json_integer(org_id));
  json_object_set_new(detail, "owner_id", json_string(user_id != NULL ? user_id : event->login));
  if (user_id != NULL)
    json_object_set_new(detail, "user_id", json_string(user_id));
  AuditRecord record = {.org_id = org_id,
                        .kind = AUDIT_MAILBOX_ACCESS,
                        .request_id = request,
                        .actor = actor,
                        .source_ip = event->source_ip,
                        .action = event->action,
                        .subject = user_id,
                        .detail = detail};
  audit_queue(db, &record);
}

static void queue_records(Db *db, const GPtrArray *events, const DbResult *found) {
  g_autoptr(GHashTable) rows = g_hash_table_new(g_str_hash, g_str_equal);
  for (int row = 0; row < db_rows(found); row++)
    g_hash_table_insert(rows, (gpointer)db_text(found, row, 0), GINT_TO_POINTER(row + 1));
  for (guint i = 0; i < events->len; i++) {
    const MailEvent *event = events->pdata[i];
    int row = GPOINTER_TO_INT(g_hash_table_lookup(rows, event->login)) - 1;
    if (row >= 0)
      queue_record(db, event, db_int(found, row, 1), db_text(found, row, 2));
  }
}

static gboolean write_body(Db *db, gpointer data, GError **error) {
  const Write *write = data;
  if (!move_position(db, write, error))
    return FALSE;
  if (write->events->len == 0)
    return TRUE;
  g_autoptr(DbResult) found = find_owners(db, write->events, error);
  if (found == NULL)
    return FALSE;
  queue_records(db, write->events, found);
  return TRUE;
}

static gboolean settle(Db *db, gpointer data, DbSettled *settled, GError **error) {
  const Write *write = data;
  MailEventPosition at;
  DbArgs args = DB_ARGS_INIT;
  db_args_text(&args, write->reader);
  g_autoptr(DbResult) result = db_query(db, &position, &args, error);
  if (result == NULL)
    return FALSE;
  read_position(result, &at);
  gboolean there = at.inode == write->batch->after.inode && at.offset == write->batch->after.offset;
  *settled = there ? DB_SETTLED_YES : DB_SETTLED_NO;
  return TRUE;
}

gboolean mail_store_event_write(DbPool *pool, gint64 deadline, const char *reader,
                                const MailEventBatch *batch, const GPtrArray *events, GError **error) {
  Write write = {reader, batch, events};
  return db_tx_run(pool, deadline, write_body, settle, &write, error);
}
