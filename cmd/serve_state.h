/* What a running `gatepost serve` is made of, shared with its health pages. Process lifetime. */
#pragma once

#include "lib/db_pool.h"
#include "lib/http_server.h"
#include "lib/metrics.h"
#include "lib/thread.h"
#include "saml/service.h"
#include "scim/housekeeping.h"
#include "scim/service.h"

typedef struct {
  Log *log;
  Log *quiet; /* for the admin listener: probes every few seconds are no news */
  Metrics *metrics;
  DbPool *pool;       /* NULL until the database was met */
  HttpServer *server; /* NULL until then */
  HttpServer *admin;
  ScimService scim;
  struct MailWake *wake;
  DbPool *mail_pool;      /* sign-ins have connections of their own; NULL until the database was met */
  const char *policy_key; /* of the settings */
  Rate *checks;           /* of /mail/check */
  char *base;
  SamlService web; /* of browsers: SAML and the portal */
  char *public_url;
  ThreadTimer *web_keeper, *web_refresher;
  gint64 started_us; /* wall clock */

  ThreadMonitor lock; /* guards what follows, and the two pointers above that come late */
  gboolean stopping;
  gboolean database_up;
  double cpu_seconds; /* as last counted */
  guint64 verifier_deaths; /* the same */
  guint64 tick;       /* of the housekeeping timer alone */
} ServeState;
