/* What the use cases of this room share: the service (process lifetime), the call (one request) and its answer. */
#pragma once

#include "lib/db_pool.h"
#include "lib/log.h"
#include "lib/metrics.h"
#include "lib/rate.h"
#include "lib/token.h"
#include "scim/dialect.h"
#include "scim/project.h"
#include "scim/token.h"

/* Who else wants to know which people and groups changed: queue is called in the write transaction, once a resource;
 * committed after it, for a wake-up. Either may be NULL. */
typedef struct {
  void (*queue)(Db *db, gint64 org_id, ScimKind kind, const char *id, gpointer data);
  void (*committed)(gpointer data);
  gpointer data;
} ScimDirectoryHook;

typedef struct {
  DbPool *pool;
  Log *log;
  Metrics *metrics;
  Rate *rate;
  const char *base;           /* public_url + "/scim/v2", no trailing slash */
  struct ScimAcks *acks;      /* creates whose answer was sent, waiting to be marked (scim/housekeeping.h) */
  struct ScimTokenUses *uses; /* last uses of tokens, waiting to be written */
  ScimDirectoryHook directory;
} ScimService;

/* Who asks, for what, until when. Freed with the request. */
typedef struct {
  ScimToken *token; /* its org_id and source_id scope every store function; NULL until authorised */
  ScimDialect dialect;
  ScimProjection *projection;
  char *request_id;
  char *client;            /* address as text */
  char *healed_request_id; /* the lost create that this one answers for; NULL */
  gint64 deadline;
  guint8 token_hash[CRYPTO_SHA256_BYTES];
  TokenForm token_form;
  gboolean is_create;
  guint8 body_hash[CRYPTO_SHA256_BYTES]; /* of a create: method, path, canonical body without password */
  const char *if_match, *if_none_match;  /* header values, borrowed from the request; NULL */
} ScimCall;

/* What a use case wants said. */
typedef struct {
  int status;
  char *body;     /* NULL: none */
  char *location; /* NULL: none */
  char *etag;     /* NULL: none */
} ScimAnswer;

void scim_answer_clear(ScimAnswer *answer);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ScimAnswer, scim_answer_clear)

/* The metric families this room counts, rows for the process's table of families. */
#define SCIM_METRICS_FAMILIES                                                                               \
  {"gatepost_scim_requests_total", "SCIM requests answered.", METRICS_COUNTER, {"resource", "op", "code"}}, \
      {"gatepost_scim_leniency_total",                                                                      \
       "Requests that needed a leniency, by its name.",                                                     \
       METRICS_COUNTER,                                                                                     \
       {"name"}},                                                                                           \
  {                                                                                                         \
    "gatepost_scim_last_request_timestamp_seconds", "When a source's identity provider last asked.",        \
        METRICS_GAUGE, {                                                                                    \
      "org", "source"                                                                                       \
    }                                                                                                       \
  }
