/* Fetches what identity providers publish, has it read by the verifier, compares, and writes down what it changes. A thread of its own in
 * each server looks every minute; by command for one connection. */
#pragma once

#include "lib/http_client.h"
#include "saml/store_refresh.h"
#include "saml/verifier.h"

typedef struct {
  DbPool *pool;
  SamlVerifier *verifier;
  Log *log;
} SamlRefresher;

/* All that are due now. Failures are noted with the connection and in the log; FALSE when the database is away. */
gboolean saml_refresher_run(const SamlRefresher *refresher, GError **error);

/* One, now. accepted: what would wait is done. *plan is filled (all empty: unchanged); FALSE with the reason, also when the copy was
 * refused. */
gboolean saml_refresher_one(const SamlRefresher *refresher, const SamlRefreshItem *item, const char *actor,
                            gboolean accepted, SamlRefreshPlan *plan, GError **error);

/* A document at a URL, for a connection that is yet to be made: the same fetch. *etag may come back NULL. */
gboolean saml_refresher_fetch(const char *url, gboolean local, char **body, gsize *n, char **etag,
                              GError **error);
