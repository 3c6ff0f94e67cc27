/* The SQL of this room, for its use cases only. Every statement is bound to an organisation and a source: what a token
 * may see is its own source's rows. `queue` functions run inside a transaction's body and cost no round trip of their own. */
#pragma once

#include "lib/db_pool.h"
#include "scim/list.h"
#include "scim/members.h"
#include "scim/record.h"
#include "scim/render.h"

typedef struct {
  gint64 org_id, source_id;
  const char *base; /* of $ref in what is read: "https://…/scim/v2" */
} ScimScope;

/* A read outside any transaction: whose rows, where, until when. */
typedef struct {
  ScimScope scope;
  DbPool *pool;
  gint64 deadline;
} ScimReader;

/* The columns of every read, in this order. */
enum {
  SCIM_COLUMN_ID,
  SCIM_COLUMN_DOC,
  SCIM_COLUMN_LINKED, /* JSON array text; NULL: not asked for, or none */
  SCIM_COLUMN_VERSION,
  SCIM_COLUMN_CREATED,
  SCIM_COLUMN_MODIFIED,
  SCIM_COLUMN_EXTRA, /* of a locked row only */
};

/* A row of a read, borrowed from the result. */
ScimStored scim_store_row(const ScimType *type, const DbResult *result, int row);

/* People. NULL with NOT_FOUND where the source has none by this id. */
DbResult *scim_store_user_get(const ScimReader *reader, const char *id, gboolean groups, GError **error);
DbResult *scim_store_user_lock(ScimScope scope, Db *db, const char *id, gboolean groups, GError **error);
/* Before a delete: also against groups that would name this person. */
DbResult *scim_store_user_lock_delete(ScimScope scope, Db *db, const char *id, GError **error);
/* *stamp: id, doc, NULL, version, created, modified. */
void scim_store_user_queue_insert(ScimScope scope, Db *db, const ScimRecord *user, DbResult **stamp);
void scim_store_user_queue_update(ScimScope scope, Db *db, const ScimRecord *user, DbResult **stamp);
/* Person, memberships, total; leaves a tombstone. The row is locked already. */
void scim_store_user_queue_delete(ScimScope scope, Db *db, const char *id);
/* Memberships that waited for this person become live: the rows of scim/arrival.h. */
DbResult *scim_store_user_arrival(ScimScope scope, Db *db, const ScimRecord *user, GError **error);

/* Groups. */
DbResult *scim_store_group_get(const ScimReader *reader, const char *id, gboolean members, GError **error);
DbResult *scim_store_group_lock(ScimScope scope, Db *db, const char *id, GError **error);
void scim_store_group_queue_insert(ScimScope scope, Db *db, const ScimRecord *group, DbResult **stamp);
void scim_store_group_queue_update(ScimScope scope, Db *db, const ScimRecord *group, DbResult **stamp);
void scim_store_group_queue_delete(ScimScope scope, Db *db, const char *id);

/* Members, under the group's row lock. */
typedef struct {
  gint64 added, removed, pending;  /* rows that really changed; pending: added as such */
  json_t *added_ids, *removed_ids; /* the first SCIM_STORE_SAMPLE of each, for the audit record */
} ScimMemberChange;
#define SCIM_STORE_SAMPLE 100
void scim_member_change_clear(ScimMemberChange *change);
typedef struct {
  ScimDialect *dialect;    /* PENDING_MEMBERS: without it unknown values are INVALID_VALUE, naming them */
  ScimMemberChange change; /* out */
} ScimMemberRules;
/* All members as an array of {value, type, display?}. */
json_t *scim_store_member_list(ScimScope scope, Db *db, const char *group_id, GError **error);
/* Applies the deltas; costs what changes, not what the group holds. A member may be named by id, externalId or
 * userName, or be a group of the same source (INVALID_VALUE for a circle). */
gboolean scim_store_member_apply(ScimScope scope, Db *db, const char *group_id, const ScimMembers *members,
                                 ScimMemberRules *rules, GError **error);

/* Who has this name in the organisation? id is NULL when nobody has; source is its name. */
typedef struct {
  char *id, *source;
  gboolean ours;
} ScimOwner;
void scim_owner_clear(ScimOwner *owner);
gboolean scim_store_owner(const ScimReader *reader, ScimKind kind, const char *key, ScimOwner *owner,
                          GError **error);

/* write_request: one row a write. */
typedef struct {
  const char *request_id;
  gint64 token_id;
  const guint8 *body_hash; /* 32 bytes */
  gboolean is_create;
} ScimRequestKey;
void scim_store_request_queue(ScimScope scope, Db *db, const ScimRequestKey *key, const char *resource_id);
/* Is its row there? */
gboolean scim_store_request_exists(ScimScope scope, Db *db, const char *request_id, gboolean *exists,
                                   GError **error);
/* The resource that the same create by the same token made in the last ten minutes, never acknowledged and not changed
 * since, and that request's own id; both NULL when there is none. Free with g_free. */
gboolean scim_store_request_heal(const ScimReader *reader, const ScimRequestKey *key, ScimKind kind,
                                 char **id, char **request_id, GError **error);

/* A page of a list: rows as above. */
typedef struct {
  DbResult *result;
  int n;
  gint64 total;
} ScimPage;
void scim_page_clear(ScimPage *page);
gboolean scim_store_list(const ScimReader *reader, const ScimType *type, const ScimListQuery *query,
                         ScimPage *page, GError **error);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ScimMemberChange, scim_member_change_clear)
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ScimOwner, scim_owner_clear)
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ScimPage, scim_page_clear)
