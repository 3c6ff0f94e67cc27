/* Memberships that waited for a person and became live: each group gets an audit record, and whoever listens to the
 * directory hears of people and groups, all in the transaction that made them live. */
#pragma once

#include "scim/service.h"

typedef struct {
  const ScimDirectoryHook *hook;
  const char *request_id; /* NULL: no request */
  const char *actor;
  const char *source_ip; /* NULL: none */
} ScimArrival;

/* rows: org_id, group_id, user_id; each group's rows stand together. Queued. */
void scim_arrival_queue(const ScimArrival *arrival, Db *db, const DbResult *rows);
