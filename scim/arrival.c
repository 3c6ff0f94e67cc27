#include "scim/arrival.h"

#include "audit/audit.h"
#include "lib/jsontext.h"
#include "scim/store.h"

enum { COLUMN_ORG, COLUMN_GROUP, COLUMN_USER };

static void tell(const ScimArrival *arrival, Db *db, gint64 org_id, ScimKind kind, const char *id) {
  if (arrival->hook->queue != NULL)
    arrival->hook->queue(db, org_id, kind, id, arrival->hook->data);
}

static void record(const ScimArrival *arrival, Db *db, const DbResult *rows, int first, int end) {
  json_t *ids = json_array();
  for (int i = first; i < end && i - first < SCIM_STORE_SAMPLE; i++)
    json_array_append_new(ids, json_string(db_text(rows, i, COLUMN_USER)));
  g_autoptr(json_t) detail =
      json_pack("{s:{s:I, s:o}}", "members", "added", (json_int_t)(end - first), "added_ids", ids);
  AuditRecord group = {.org_id = db_int(rows, first, COLUMN_ORG),
                       .kind = AUDIT_SCIM,
                       .request_id = arrival->request_id,
                       .actor = arrival->actor,
                       .source_ip = arrival->source_ip,
                       .action = "group.arrival",
                       .subject = db_text(rows, first, COLUMN_GROUP),
                       .detail = detail};
  audit_queue(db, &group);
  tell(arrival, db, group.org_id, SCIM_KIND_GROUP, group.subject);
}

static int end_of_group(const DbResult *rows, int first) {
  int end = first + 1;
  while (end < db_rows(rows) &&
         g_str_equal(db_text(rows, end, COLUMN_GROUP), db_text(rows, first, COLUMN_GROUP)))
    end++;
  return end;
}

static void tell_people(const ScimArrival *arrival, Db *db, const DbResult *rows) {
  g_autoptr(GHashTable) told = g_hash_table_new(g_str_hash, g_str_equal);
  for (int i = 0; i < db_rows(rows); i++)
    if (g_hash_table_add(told, (gpointer)db_text(rows, i, COLUMN_USER)))
      tell(arrival, db, db_int(rows, i, COLUMN_ORG), SCIM_KIND_USER, db_text(rows, i, COLUMN_USER));
}

void scim_arrival_queue(const ScimArrival *arrival, Db *db, const DbResult *rows) {
  for (int first = 0, end; first < db_rows(rows); first = end) {
    end = end_of_group(rows, first);
    record(arrival, db, rows, first, end);
  }
  tell_people(arrival, db, rows);
}
