#include "scim/users.h"

#include <string.h>

#include "lib/address.h"
#include "lib/crypto.h"
#include "lib/jsontext.h"
#include "lib/text.h"
#include "scim/change.h"
#include "scim/error.h"
#include "scim/match.h"
#include "scim/patch.h"
#include "scim/resource.h"
#include "scim/write.h"

/* A change of one person: body or patch says how, neither is a suspension. */
typedef struct {
  ScimWrite write; /* first: see scim/write.h */
  const char *id;
  const json_t *body;
  const ScimPatch *patch;
} UserWrite;

static void user_write_clear(UserWrite *user) {
  scim_write_clear(&user->write);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(UserWrite, user_write_clear)

static gboolean wants_groups(const ScimCall *call) {
  return call->projection == NULL || scim_projection_wants(call->projection, "groups");
}

static gboolean in_domains(const char *text, char **domains) {
  const char *at = strrchr(text, '@'), *why = NULL;
  g_autofree char *domain = at != NULL ? address_domain(at + 1, &why) : NULL;
  return domain != NULL && g_strv_contains((const char *const *)domains, domain);
}

static gboolean check_domain(const ScimToken *token, const char *what, const char *text, GError **error) {
  if (in_domains(text, token->domains))
    return TRUE;
  g_autofree char *quoted = text_quote(text), *list = g_strjoinv(", ", token->domains);
  g_set_error(error, SCIM_ERROR, SCIM_ERROR_DOMAIN, "%s \"%s\" lies outside the domains of this token (%s)",
              what, quoted, list);
  return FALSE;
}

/* A userName that is no address names nobody's mailbox; an e-mail always must lie inside. */
static gboolean check_domains(const ScimToken *token, const json_t *doc, GError **error) {
  if (token->domains == NULL || token->domains[0] == NULL)
    return TRUE;
  const char *name = json_string_value(json_object_get(doc, "userName"));
  if (strchr(name, '@') != NULL && !check_domain(token, "userName", name, error))
    return FALSE;
  size_t i;
  json_t *email;
  json_array_foreach(json_object_get(doc, "emails"), i, email) {
    const char *value = json_string_value(json_object_get(email, "value"));
    if (value != NULL && !check_domain(token, "emails.value", value, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean fill(ScimWrite *write, const json_t *doc, const json_t *extra, GError **error) {
  if (!check_domains(write->call->token, doc, error))
    return FALSE;
  scim_record_fill(&write->record, write->type, doc, extra);
  return scim_write_check_keys(write, error);
}

static gboolean answer_read(ScimService *service, ScimCall *call, const char *id, int status,
                            ScimAnswer *answer, GError **error) {
  ScimReader reader = scim_write_reader(service, call);
  g_autoptr(DbResult) row = scim_store_user_get(&reader, id, wants_groups(call), error);
  if (row == NULL)
    return FALSE;
  ScimStored stored = scim_store_row(scim_type_user(), row, 0);
  if (status == 200 && call->if_none_match != NULL &&
      scim_match_version(call->if_none_match, stored.version)) {
    answer->status = 304;
    answer->etag = scim_render_etag(stored.version);
    return TRUE;
  }
  scim_write_answer(call, service, &stored, status, answer);
  return TRUE;
}

gboolean scim_users_get(ScimService *service, ScimCall *call, const char *id, ScimAnswer *answer,
                        GError **error) {
  return answer_read(service, call, id, 200, answer, error);
}

/* After the commit. A write is never answered 304, so what is read again ignores If-None-Match. */
static gboolean answer_write(const ScimWrite *write, int status, ScimAnswer *answer, GError **error) {
  if (!scim_write_is_fresh(write)) {
    write->call->if_none_match = NULL;
    return answer_read(write->service, write->call, write->record.id, status, answer, error);
  }
  ScimStored stored = scim_write_stored(write);
  scim_write_answer(write->call, write->service, &stored, status, answer);
  return TRUE;
}

static gboolean create_body(Db *db, gpointer data, GError **error) {
  UserWrite *user = data;
  ScimWrite *write = &user->write;
  scim_write_reset(write);
  write->changed = TRUE;
  scim_store_user_queue_insert(write->scope, db, &write->record, &write->stamp);
  if (!scim_write_arrive(write, db, error))
    return FALSE;
  scim_write_queue_trace(write, db, "user.create",
                         scim_change_detail(NULL, user->body, &write->call->dialect));
  return TRUE;
}

gboolean scim_users_create(ScimService *service, ScimCall *call, json_t *body, ScimAnswer *answer,
                           GError **error) {
  g_auto(ScimResource) resource = {0};
  if (!scim_resource_read(scim_type_user(), body, &call->dialect, &resource, error))
    return FALSE;
  g_auto(UserWrite) user = {.body = resource.doc};
  scim_write_init(&user.write, service, call, scim_type_user());
  char id[CRYPTO_UUID_TEXT_BYTES];
  user.write.record.id = g_strdup(crypto_uuid(id));
  if (!fill(&user.write, resource.doc, resource.extra, error))
    return FALSE;
  GError *failure = NULL;
  if (scim_write_run(&user.write, create_body, &failure))
    return answer_write(&user.write, 201, answer, error);
  g_autofree char *same = scim_write_heal(&user.write, failure, error);
  return same != NULL && answer_read(service, call, same, 201, answer, error);
}

/* A person after a change. */
typedef struct {
  json_t *doc, *extra;
} Changed;

static void changed_clear(Changed *changed) {
  json_decref(changed->doc);
  json_decref(changed->extra);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Changed, changed_clear)

/* A missing active is the one there was, where the dialect says so; else the default. */
static void settle_active(ScimDialect *dialect, const json_t *before, json_t *doc) {
  json_t *active = json_object_get(before, "active");
  gboolean keep = json_is_false(active) && scim_dialect_allows(dialect, SCIM_LENIENT_PUT_KEEPS_ACTIVE);
  json_object_set_new(doc, "active", json_boolean(!keep));
}

static gboolean replace(const UserWrite *user, const json_t *before, Changed *changed, GError **error) {
  ScimDialect *dialect = &user->write.call->dialect;
  g_auto(ScimResource) resource = {0};
  if (!scim_resource_read(scim_type_user(), user->body, dialect, &resource, error))
    return FALSE;
  if (!resource.active_given)
    settle_active(dialect, before, resource.doc);
  changed->doc = json_incref(resource.doc);
  changed->extra = json_incref(resource.extra);
  return TRUE;
}

static gboolean patch(const UserWrite *user, json_t *before, json_t *extra, Changed *changed,
                      GError **error) {
  ScimDialect *dialect = &user->write.call->dialect;
  ScimPatchTarget target = {
      .id = user->write.record.id, .doc = json_incref(before), .extra = json_incref(extra)};
  gboolean done = scim_patch_apply(user->patch, &target, dialect, error);
  *changed = (Changed){target.doc, target.extra};
  if (!done)
    return FALSE;
  scim_members_clear(&target.members);
  if (json_object_get(changed->doc, "active") == NULL) {
    json_t *doc = json_deep_copy(changed->doc);
    settle_active(dialect, before, doc);
    json_decref(changed->doc);
    changed->doc = doc;
  }
  return TRUE;
}

static void suspend(const json_t *before, json_t *extra, Changed *changed) {
  changed->doc = json_deep_copy(before);
  changed->extra = json_incref(extra);
  json_object_set_new(changed->doc, "active", json_false());
}

static gboolean change(const UserWrite *user, json_t *before, json_t *extra, Changed *changed,
                       GError **error) {
  if (user->patch != NULL)
    return patch(user, before, extra, changed, error);
  if (user->body != NULL)
    return replace(user, before, changed, error);
  suspend(before, extra, changed);
  return TRUE;
}

static gboolean same(const json_t *a, const json_t *b) {
  return a == b || (a != NULL && b != NULL && scim_resource_equal(a, b));
}

static gboolean lock(UserWrite *user, Db *db, gboolean to_delete, GError **error) {
  ScimWrite *write = &user->write;
  scim_write_reset(write);
  write->before = to_delete
                      ? scim_store_user_lock_delete(write->scope, db, user->id, error)
                      : scim_store_user_lock(write->scope, db, user->id, wants_groups(write->call), error);
  if (write->before == NULL)
    return FALSE;
  g_free(write->record.id);
  write->record.id = g_strdup(db_text(write->before, 0, SCIM_COLUMN_ID));
  return scim_write_check_match(write, error);
}

static const char *change_action(const UserWrite *user) {
  if (user->patch != NULL)
    return "user.patch";
  return user->body != NULL ? "user.replace" : "user.suspend";
}

static gboolean change_body(Db *db, gpointer data, GError **error) {
  UserWrite *user = data;
  ScimWrite *write = &user->write;
  if (!lock(user, db, FALSE, error))
    return FALSE;
  g_autoptr(json_t) before = scim_write_document(write), extra = scim_write_extra(write);
  g_auto(Changed) after = {0};
  if (!change(user, before, extra, &after, error))
    return FALSE;
  write->changed = !same(before, after.doc) || !same(extra, after.extra);
  if (!write->changed)
    return TRUE;
  if (!fill(write, after.doc, after.extra, error))
    return FALSE;
  scim_store_user_queue_update(write->scope, db, &write->record, &write->stamp);
  if (!scim_write_arrive(write, db, error))
    return FALSE;
  scim_write_queue_trace(write, db, change_action(user),
                         scim_change_detail(before, after.doc, &write->call->dialect));
  return TRUE;
}

static gboolean run_change(UserWrite *user, GError **error) {
  GError *failure = NULL;
  if (scim_write_run(&user->write, change_body, &failure))
    return TRUE;
  g_autofree char *none G_GNUC_UNUSED = scim_write_heal(&user->write, failure, error);
  return FALSE;
}

gboolean scim_users_replace(ScimService *service, ScimCall *call, const char *id, json_t *body,
                            ScimAnswer *answer, GError **error) {
  g_auto(UserWrite) user = {.id = id, .body = body};
  scim_write_init(&user.write, service, call, scim_type_user());
  return run_change(&user, error) && answer_write(&user.write, 200, answer, error);
}

gboolean scim_users_patch(ScimService *service, ScimCall *call, const char *id, json_t *body,
                          ScimAnswer *answer, GError **error) {
  g_autoptr(ScimPatch) parsed = scim_patch_parse(scim_type_user(), body, &call->dialect, error);
  if (parsed == NULL)
    return FALSE;
  g_auto(UserWrite) user = {.id = id, .patch = parsed};
  scim_write_init(&user.write, service, call, scim_type_user());
  return run_change(&user, error) && answer_write(&user.write, 200, answer, error);
}

static gboolean delete_body(Db *db, gpointer data, GError **error) {
  UserWrite *user = data;
  ScimWrite *write = &user->write;
  if (!lock(user, db, TRUE, error))
    return FALSE;
  g_autoptr(json_t) before = scim_write_document(write);
  scim_store_user_queue_delete(write->scope, db, write->record.id);
  scim_write_queue_trace(write, db, "user.delete", scim_change_detail(before, NULL, &write->call->dialect));
  return TRUE;
}

gboolean scim_users_delete(ScimService *service, ScimCall *call, const char *id, ScimAnswer *answer,
                           GError **error) {
  g_auto(UserWrite) user = {.id = id};
  scim_write_init(&user.write, service, call, scim_type_user());
  DbTxBody body = call->token->suspend_only ? change_body : delete_body;
  answer->status = 204;
  return scim_write_run(&user.write, body, error);
}
