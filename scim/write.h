/* What every write of a resource shares: one transaction with its audit record and its write_request, settled when the
 * commit is in doubt, answered from what it returned. Request lifetime. */
#pragma once

#include "scim/service.h"
#include "scim/store.h"

/* The first member of each use case's own data: db_tx_run hands it to the body and to settle alike. */
typedef struct {
  ScimService *service;
  ScimCall *call;
  const ScimType *type;
  ScimScope scope;
  ScimRecord record; /* what is written */
  DbResult *before;  /* the locked row; NULL in a create */
  DbResult *stamp;   /* the row as written; NULL when nothing was, or when the commit was settled */
  DbResult *moved;   /* groups that changed because a person arrived; NULL */
  gboolean changed;
} ScimWrite;

/* Reads of this call's own rows. */
ScimReader scim_write_reader(const ScimService *service, const ScimCall *call);

void scim_write_init(ScimWrite *write, ScimService *service, ScimCall *call, const ScimType *type);
void scim_write_clear(ScimWrite *write);

/* The body runs with the ScimWrite as its data, once or more; scim_write_reset begins it. */
gboolean scim_write_run(ScimWrite *write, DbTxBody body, GError **error);
void scim_write_reset(ScimWrite *write);
/* If-Match against the locked row: PRECONDITION. */
gboolean scim_write_check_match(const ScimWrite *write, GError **error);
/* The locked row's document, and what was kept aside with it (NULL: nothing). New references. */
json_t *scim_write_document(const ScimWrite *write);
json_t *scim_write_extra(const ScimWrite *write);
/* Keys fit their indexes: INVALID_VALUE. */
gboolean scim_write_check_keys(const ScimWrite *write, GError **error);
/* Queues the audit record and the write_request. detail is taken. */
void scim_write_queue_trace(const ScimWrite *write, Db *db, const char *action, json_t *detail);
/* Memberships that waited for the person who is written become live; their groups' records are queued. */
gboolean scim_write_arrive(ScimWrite *write, Db *db, GError **error);

/* A create that met its own name: the id of the resource that the same, unanswered request made, else UNIQUENESS
 * with words that say whose it is. NULL when failure is no such thing: it is propagated. Free with g_free. */
char *scim_write_heal(const ScimWrite *write, GError *failure, GError **error);

/* Is what the transaction returned all that the answer shows? Else it is read again. */
gboolean scim_write_is_fresh(const ScimWrite *write);
/* The row as it is now, from the transaction. */
ScimStored scim_write_stored(const ScimWrite *write);
/* Status, Location, ETag and the body by the call's projection. */
void scim_write_answer(const ScimCall *call, const ScimService *service, const ScimStored *stored, int status,
                       ScimAnswer *answer);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ScimWrite, scim_write_clear)
