/* In whose name a command on connections works. Borrowed from the caller. */
#pragma once

#include "lib/db_pool.h"

typedef struct {
  DbPool *pool;
  gint64 deadline, org_id;
  const char *actor; /* "admin:NAME" */
} SamlScope;
