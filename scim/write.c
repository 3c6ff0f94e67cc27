#include "scim/write.h"

#include <string.h>

#include "audit/audit.h"
#include "lib/limits.h"
#include "lib/text.h"
#include "scim/arrival.h"
#include "scim/error.h"
#include "scim/match.h"

void scim_answer_clear(ScimAnswer *answer) {
  g_free(answer->body);
  g_free(answer->location);
  g_free(answer->etag);
  *answer = (ScimAnswer){0};
}

ScimReader scim_write_reader(const ScimService *service, const ScimCall *call) {
  return (ScimReader){.scope = {call->token->org_id, call->token->source_id, service->base},
                      .pool = service->pool,
                      .deadline = call->deadline};
}

void scim_write_init(ScimWrite *write, ScimService *service, ScimCall *call, const ScimType *type) {
  *write = (ScimWrite){.service = service, .call = call, .type = type};
  write->scope = scim_write_reader(service, call).scope;
}

void scim_write_reset(ScimWrite *write) {
  g_clear_pointer(&write->before, db_result_free);
  g_clear_pointer(&write->stamp, db_result_free);
  g_clear_pointer(&write->moved, db_result_free);
  write->changed = FALSE;
}

void scim_write_clear(ScimWrite *write) {
  scim_write_reset(write);
  scim_record_clear(&write->record);
}

static ScimRequestKey request_key(const ScimWrite *write) {
  return (ScimRequestKey){.request_id = write->call->request_id,
                          .token_id = write->call->token->token_id,
                          .body_hash = write->call->body_hash,
                          .is_create = write->call->is_create};
}

static gboolean settle(Db *db, gpointer data, DbSettled *settled, GError **error) {
  const ScimWrite *write = data;
  gboolean exists = FALSE;
  if (!scim_store_request_exists(write->scope, db, write->call->request_id, &exists, error))
    return FALSE;
  *settled = exists ? DB_SETTLED_YES : DB_SETTLED_NO;
  return TRUE;
}

gboolean scim_write_run(ScimWrite *write, DbTxBody body, GError **error) {
  if (!db_tx_run(write->service->pool, write->call->deadline, body, settle, write, error))
    return FALSE;
  const ScimDirectoryHook *hook = &write->service->directory;
  if (hook->committed != NULL)
    hook->committed(hook->data);
  return TRUE;
}

gboolean scim_write_check_match(const ScimWrite *write, GError **error) {
  gint64 version = db_int(write->before, 0, SCIM_COLUMN_VERSION);
  if (write->call->if_match == NULL || scim_match_version(write->call->if_match, version))
    return TRUE;
  g_autofree char *quoted = text_quote(write->call->if_match);
  g_set_error(error, SCIM_ERROR, SCIM_ERROR_PRECONDITION,
              "If-Match names %s but the resource is at version W/\"%" G_GINT64_FORMAT
              "\"; read it again and repeat the change",
              quoted, version);
  return FALSE;
}

json_t *scim_write_document(const ScimWrite *write) {
  return json_loads(db_text(write->before, 0, SCIM_COLUMN_DOC), 0, NULL);
}

json_t *scim_write_extra(const ScimWrite *write) {
  const char *text = db_text(write->before, 0, SCIM_COLUMN_EXTRA);
  return text != NULL ? json_loads(text, 0, NULL) : NULL;
}

static gboolean check_key(const char *name, const char *key, GError **error) {
  if (key == NULL || strlen(key) <= LIMIT_KEY_BYTES)
    return TRUE;
  g_set_error(error, SCIM_ERROR, SCIM_ERROR_INVALID_VALUE, "%s is too long to be looked up: at most %d bytes",
              name, LIMIT_KEY_BYTES);
  return FALSE;
}

gboolean scim_write_check_keys(const ScimWrite *write, GError **error) {
  const char *name = write->type->kind == SCIM_KIND_USER ? "userName" : "displayName";
  if (!check_key(name, write->record.name_key, error) ||
      !check_key("externalId", write->record.external_id, error))
    return FALSE;
  for (guint i = 0; write->record.email_keys != NULL && write->record.email_keys[i] != NULL; i++)
    if (!check_key("emails.value", write->record.email_keys[i], error))
      return FALSE;
  return TRUE;
}

void scim_write_queue_trace(const ScimWrite *write, Db *db, const char *action, json_t *detail) {
  const ScimCall *call = write->call;
  g_autofree char *actor = g_strdup_printf("scim-token:%" G_GINT64_FORMAT, call->token->token_id);
  AuditRecord record = {.org_id = write->scope.org_id,
                        .kind = AUDIT_SCIM,
                        .request_id = call->request_id,
                        .actor = actor,
                        .source_ip = call->client,
                        .action = action,
                        .subject = write->record.id,
                        .detail = detail};
  audit_queue(db, &record);
  json_decref(detail);
  ScimRequestKey key = request_key(write);
  scim_store_request_queue(write->scope, db, &key, write->record.id);
  const ScimDirectoryHook *hook = &write->service->directory;
  if (hook->queue != NULL)
    hook->queue(db, write->scope.org_id, write->type->kind, write->record.id, hook->data);
}

gboolean scim_write_arrive(ScimWrite *write, Db *db, GError **error) {
  const ScimCall *call = write->call;
  write->moved = scim_store_user_arrival(write->scope, db, &write->record, error);
  if (write->moved == NULL)
    return FALSE;
  g_autofree char *actor = g_strdup_printf("scim-token:%" G_GINT64_FORMAT, call->token->token_id);
  ScimArrival arrival = {&write->service->directory, call->request_id, actor, call->client};
  scim_arrival_queue(&arrival, db, write->moved);
  return TRUE;
}

static void set_taken(const ScimWrite *write, const ScimOwner *owner, GError **error) {
  gboolean user = write->type->kind == SCIM_KIND_USER;
  g_autofree char *name = text_quote(write->record.name);
  const char *what = user ? "userName" : "displayName";
  const char *who = user ? "user" : "group";
  if (owner->id == NULL)
    g_set_error(error, SCIM_ERROR, SCIM_ERROR_UNIQUENESS, "%s \"%s\" was taken a moment ago; try again", what,
                name);
  else if (owner->ours)
    g_set_error(error, SCIM_ERROR, SCIM_ERROR_UNIQUENESS,
                "%s \"%s\" already belongs to the %s with id %s; update that one, or send another %s", what,
                name, who, owner->id, what);
  else
    g_set_error(error, SCIM_ERROR, SCIM_ERROR_UNIQUENESS,
                "%s \"%s\" already belongs to a %s of another source, \"%s\"; delete it there, or send "
                "another %s here",
                what, name, who, owner->source, what);
}

static gboolean is_name_taken(const GError *failure) {
  if (!g_error_matches(failure, DB_ERROR, DB_ERROR_UNIQUE))
    return FALSE;
  const char *constraint = db_error_constraint(failure);
  return g_str_equal(constraint, "scim_user_name") || g_str_equal(constraint, "scim_group_display");
}

char *scim_write_heal(const ScimWrite *write, GError *failure, GError **error) {
  if (!is_name_taken(failure)) {
    g_propagate_error(error, failure);
    return NULL;
  }
  g_error_free(failure);
  ScimCall *call = write->call;
  ScimRequestKey key = request_key(write);
  char *id = NULL;
  ScimReader reader = scim_write_reader(write->service, call);
  if (call->is_create &&
      !scim_store_request_heal(&reader, &key, write->type->kind, &id, &call->healed_request_id, error))
    return NULL;
  if (id != NULL)
    return id;
  g_auto(ScimOwner) owner = {0};
  if (scim_store_owner(&reader, write->type->kind, write->record.name_key, &owner, error))
    set_taken(write, &owner, error);
  return NULL;
}

gboolean scim_write_is_fresh(const ScimWrite *write) {
  if (!write->changed)
    return TRUE;
  return write->stamp != NULL && (write->moved == NULL || db_rows(write->moved) == 0);
}

ScimStored scim_write_stored(const ScimWrite *write) {
  if (!write->changed)
    return scim_store_row(write->type, write->before, 0);
  ScimStored stored = scim_store_row(write->type, write->stamp, 0);
  if (write->before != NULL)
    stored.linked = db_text(write->before, 0, SCIM_COLUMN_LINKED);
  return stored;
}

void scim_write_answer(const ScimCall *call, const ScimService *service, const ScimStored *stored, int status,
                       ScimAnswer *answer) {
  GString *body = g_string_sized_new(strlen(stored->doc) + 512);
  scim_render_resource(body, stored, service->base, call->projection);
  scim_answer_clear(answer);
  answer->status = status;
  answer->body = g_string_free(body, FALSE);
  answer->location = scim_render_location(stored->type, stored->id, service->base);
  answer->etag = scim_render_etag(stored->version);
}
