/* In whose name a command or page works: the first parameter of the room's use cases. Borrowed from the caller. */
#pragma once

#include "lib/db_pool.h"

typedef struct {
  DbPool *pool;
  gint64 deadline;
  gint64 org_id;
  const char *actor;   /* "admin:root" */
  const char *channel; /* the record's `protocol`: "cli", "webapp" */
} MailScope;
