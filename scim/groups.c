#include "scim/groups.h"

#include "lib/crypto.h"
#include "lib/jsontext.h"
#include "scim/change.h"
#include "scim/error.h"
#include "scim/match.h"
#include "scim/patch.h"
#include "scim/resource.h"
#include "scim/write.h"

/* A write of one group. */
typedef struct {
  ScimWrite write; /* first: see scim/write.h */
  const char *id;
  const json_t *body;     /* PUT, or the clean document of a create */
  const ScimPatch *patch; /* PATCH */
  ScimMembers members;    /* deltas, of the latest run */
  ScimMemberRules rules;  /* what they came to */
} GroupWrite;

static void group_write_clear(GroupWrite *group) {
  scim_write_clear(&group->write);
  scim_members_clear(&group->members);
  scim_member_change_clear(&group->rules.change);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(GroupWrite, group_write_clear)

static void group_write_init(GroupWrite *group, ScimService *service, ScimCall *call) {
  scim_write_init(&group->write, service, call, scim_type_group());
  scim_members_init(&group->members);
  group->rules.dialect = &call->dialect;
}

static gboolean wants_members(const ScimCall *call) {
  return call->projection == NULL || scim_projection_wants(call->projection, "members");
}

static gboolean answer_read(ScimService *service, ScimCall *call, const char *id, int status,
                            ScimAnswer *answer, GError **error) {
  ScimReader reader = scim_write_reader(service, call);
  g_autoptr(DbResult) row = scim_store_group_get(&reader, id, wants_members(call), error);
  if (row == NULL)
    return FALSE;
  ScimStored stored = scim_store_row(scim_type_group(), row, 0);
  if (status == 200 && call->if_none_match != NULL &&
      scim_match_version(call->if_none_match, stored.version)) {
    answer->status = 304;
    answer->etag = scim_render_etag(stored.version);
    return TRUE;
  }
  scim_write_answer(call, service, &stored, status, answer);
  return TRUE;
}

gboolean scim_groups_get(ScimService *service, ScimCall *call, const char *id, ScimAnswer *answer,
                         GError **error) {
  return answer_read(service, call, id, 200, answer, error);
}

/* Counts, and the first ids, beside what changed of the document. */
static json_t *audit_detail(const GroupWrite *group, const json_t *before, const json_t *after) {
  const ScimMemberChange *change = &group->rules.change;
  json_t *detail = scim_change_detail(before, after, &group->write.call->dialect);
  if (change->added > 0 || change->removed > 0)
    json_object_set_new(detail, "members",
                        json_pack("{s:I, s:I, s:I, s:O*, s:O*}", "added", (json_int_t)change->added,
                                  "removed", (json_int_t)change->removed, "pending",
                                  (json_int_t)change->pending, "added_ids", change->added_ids, "removed_ids",
                                  change->removed_ids));
  return detail;
}

static void add_all(ScimMembers *members, const json_t *array) {
  size_t i;
  json_t *member;
  json_array_foreach(array, i, member) {
    scim_members_add(members, member);
  }
}

static gboolean create_body(Db *db, gpointer data, GError **error) {
  GroupWrite *group = data;
  ScimWrite *write = &group->write;
  scim_write_reset(write);
  write->changed = TRUE;
  scim_store_group_queue_insert(write->scope, db, &write->record, &write->stamp);
  if (!scim_store_member_apply(write->scope, db, write->record.id, &group->members, &group->rules, error))
    return FALSE;
  scim_write_queue_trace(write, db, "group.create", audit_detail(group, NULL, group->body));
  return TRUE;
}

static gboolean fill(ScimWrite *write, const json_t *doc, const json_t *extra, GError **error) {
  scim_record_fill(&write->record, write->type, doc, extra);
  return scim_write_check_keys(write, error);
}

/* The answer shows members, which the transaction did not read. */
static gboolean answer_write(const GroupWrite *group, int status, ScimAnswer *answer, GError **error) {
  const ScimWrite *write = &group->write;
  gboolean linked = wants_members(write->call) && !(status == 201 && scim_members_empty(&group->members));
  if (linked || !scim_write_is_fresh(write)) {
    write->call->if_none_match = NULL;
    return answer_read(write->service, write->call, write->record.id, status, answer, error);
  }
  ScimStored stored = scim_write_stored(write);
  scim_write_answer(write->call, write->service, &stored, status, answer);
  return TRUE;
}

gboolean scim_groups_create(ScimService *service, ScimCall *call, json_t *body, ScimAnswer *answer,
                            GError **error) {
  g_auto(ScimResource) resource = {0};
  if (!scim_resource_read(scim_type_group(), body, &call->dialect, &resource, error))
    return FALSE;
  g_auto(GroupWrite) group = {.body = resource.doc};
  group_write_init(&group, service, call);
  add_all(&group.members, resource.members);
  char id[CRYPTO_UUID_TEXT_BYTES];
  group.write.record.id = g_strdup(crypto_uuid(id));
  if (!fill(&group.write, resource.doc, resource.extra, error))
    return FALSE;
  GError *failure = NULL;
  if (scim_write_run(&group.write, create_body, &failure))
    return answer_write(&group, 201, answer, error);
  g_autofree char *same = scim_write_heal(&group.write, failure, error);
  return same != NULL && answer_read(service, call, same, 201, answer, error);
}

/* A group's document after a change. */
typedef struct {
  json_t *doc, *extra;
} Changed;

static void changed_clear(Changed *changed) {
  json_decref(changed->doc);
  json_decref(changed->extra);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Changed, changed_clear)

static gboolean replace(GroupWrite *group, Changed *changed, GError **error) {
  ScimDialect *dialect = &group->write.call->dialect;
  g_auto(ScimResource) resource = {0};
  if (!scim_resource_read(scim_type_group(), group->body, dialect, &resource, error))
    return FALSE;
  changed->doc = json_incref(resource.doc);
  changed->extra = json_incref(resource.extra);
  if (resource.members == NULL && scim_dialect_allows(dialect, SCIM_LENIENT_PUT_KEEPS_MEMBERS))
    return TRUE;
  scim_members_remove_all(&group->members);
  add_all(&group->members, resource.members);
  return TRUE;
}

static gboolean patch(GroupWrite *group, Db *db, json_t *before, json_t *extra, Changed *changed,
                      GError **error) {
  g_autoptr(json_t) present = NULL;
  ScimWrite *write = &group->write;
  if (scim_patch_needs_members(group->patch)) {
    present = scim_store_member_list(write->scope, db, write->record.id, error);
    if (present == NULL)
      return FALSE;
  }
  ScimPatchTarget target = {
      .id = write->record.id, .doc = json_incref(before), .extra = json_incref(extra), .present = present};
  gboolean done = scim_patch_apply(group->patch, &target, &write->call->dialect, error);
  *changed = (Changed){target.doc, target.extra};
  if (!done)
    return FALSE;
  scim_members_clear(&group->members);
  group->members = target.members;
  return TRUE;
}

static gboolean same(const json_t *a, const json_t *b) {
  return a == b || (a != NULL && b != NULL && scim_resource_equal(a, b));
}

static gboolean lock(GroupWrite *group, Db *db, GError **error) {
  ScimWrite *write = &group->write;
  scim_write_reset(write);
  scim_members_clear(&group->members);
  scim_members_init(&group->members);
  write->before = scim_store_group_lock(write->scope, db, group->id, error);
  if (write->before == NULL)
    return FALSE;
  g_free(write->record.id);
  write->record.id = g_strdup(db_text(write->before, 0, SCIM_COLUMN_ID));
  return scim_write_check_match(write, error);
}

static gboolean change_body(Db *db, gpointer data, GError **error) {
  GroupWrite *group = data;
  ScimWrite *write = &group->write;
  if (!lock(group, db, error))
    return FALSE;
  g_autoptr(json_t) before = scim_write_document(write), extra = scim_write_extra(write);
  g_auto(Changed) after = {0};
  gboolean made =
      group->patch != NULL ? patch(group, db, before, extra, &after, error) : replace(group, &after, error);
  if (!made ||
      !scim_store_member_apply(write->scope, db, write->record.id, &group->members, &group->rules, error))
    return FALSE;
  const ScimMemberChange *members = &group->rules.change;
  write->changed =
      members->added > 0 || members->removed > 0 || !same(before, after.doc) || !same(extra, after.extra);
  if (!write->changed)
    return TRUE;
  if (!fill(write, after.doc, after.extra, error))
    return FALSE;
  scim_store_group_queue_update(write->scope, db, &write->record, &write->stamp);
  scim_write_queue_trace(write, db, group->patch != NULL ? "group.patch" : "group.replace",
                         audit_detail(group, before, after.doc));
  return TRUE;
}

static gboolean run_change(GroupWrite *group, GError **error) {
  GError *failure = NULL;
  if (scim_write_run(&group->write, change_body, &failure))
    return TRUE;
  g_autofree char *none G_GNUC_UNUSED = scim_write_heal(&group->write, failure, error);
  return FALSE;
}

gboolean scim_groups_replace(ScimService *service, ScimCall *call, const char *id, json_t *body,
                             ScimAnswer *answer, GError **error) {
  g_auto(GroupWrite) group = {.id = id, .body = body};
  group_write_init(&group, service, call);
  return run_change(&group, error) && answer_write(&group, 200, answer, error);
}

gboolean scim_groups_patch(ScimService *service, ScimCall *call, const char *id, json_t *body,
                           ScimAnswer *answer, GError **error) {
  g_autoptr(ScimPatch) parsed = scim_patch_parse(scim_type_group(), body, &call->dialect, error);
  if (parsed == NULL)
    return FALSE;
  g_auto(GroupWrite) group = {.id = id, .patch = parsed};
  group_write_init(&group, service, call);
  if (!run_change(&group, error))
    return FALSE;
  if (call->projection != NULL && scim_projection_is_explicit(call->projection))
    return answer_write(&group, 200, answer, error);
  answer->status = 204;
  gint64 version = group.write.stamp != NULL ? db_int(group.write.stamp, 0, SCIM_COLUMN_VERSION) : 0;
  if (!group.write.changed)
    version = db_int(group.write.before, 0, SCIM_COLUMN_VERSION);
  answer->etag = version > 0 ? scim_render_etag(version) : NULL;
  return TRUE;
}

static gboolean delete_body(Db *db, gpointer data, GError **error) {
  GroupWrite *group = data;
  ScimWrite *write = &group->write;
  if (!lock(group, db, error))
    return FALSE;
  g_autoptr(json_t) before = scim_write_document(write);
  scim_store_group_queue_delete(write->scope, db, write->record.id);
  scim_write_queue_trace(write, db, "group.delete", scim_change_detail(before, NULL, &write->call->dialect));
  return TRUE;
}

gboolean scim_groups_delete(ScimService *service, ScimCall *call, const char *id, ScimAnswer *answer,
                            GError **error) {
  g_auto(GroupWrite) group = {.id = id};
  group_write_init(&group, service, call);
  answer->status = 204;
  return scim_write_run(&group.write, delete_body, error);
}
