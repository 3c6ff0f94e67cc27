/* What the use cases of this room share: the service (process lifetime) and the call (one request). */
#pragma once

#include "lib/db_pool.h"
#include "lib/log.h"
#include "lib/metrics.h"
#include "lib/rate.h"
#include "scim/dialect.h"
#include "scim/project.h"
#include "scim/token.h"

typedef struct {
  DbPool *pool;
  Log *log;
  Metrics *metrics;
  Rate *rate;
  const char *base; /* public_url + "/scim/v2", no trailing slash */
  struct ScimAcks *acks;        /* creates whose answer was sent, waiting to be marked (scim/housekeeping.h) */
  struct ScimTokenUses *uses;   /* last uses of tokens, waiting to be written */
} ScimService;

/* Who asks, for what, until when. Freed with the request. */
typedef struct {
  ScimToken *token;     /* its org_id and source_id scope every store function */
  ScimDialect dialect;
  ScimProjection *projection;
  char *request_id;
  char *client;         /* address as text */
  gint64 deadline;
} ScimCall;
