/* What servers on the same host ask over the admin listener: Dovecot's policy requests, and sign-ins of calendar servers and reverse
 * proxies. cmd/ puts these into its table of routes; the service is process lifetime. */
#pragma once

#include "lib/db_pool.h"
#include "lib/http_server.h"
#include "lib/rate.h"

typedef struct {
  DbPool *pool; /* NULL until the database was met */
  Log *log;
  Metrics *metrics;
  const char *policy_key; /* "": the policy server is off */
  Rate *checks;           /* by login and address */
} MailService;

/* The policy's before_body: Dovecot shows the key as a bearer token. */
HttpVerdict mail_routes_key(HttpRequest *request, const MailService *service, HttpReply **reply);
/* POST /mail/policy?command=allow|report: 200, also for a question that cannot be read, which is refused (Dovecot takes any other
 * status for a yes); 400 for another command; 500 when the database is away, upon which Dovecot does what its
 * auth_policy_reject_on_fail says. */
HttpReply *mail_routes_policy(HttpRequest *request, const MailService *service);
/* The check's before_body: 401 without Basic authentication, shaped and then 429 above LIMIT_CHECK_PER_SECOND. */
HttpVerdict mail_routes_check_rate(HttpRequest *request, const MailService *service, HttpReply **reply,
                                   gint64 *delay_us);
/* GET /mail/check with Basic authentication: 204 with X-Gatepost-User, or 401. */
HttpReply *mail_routes_check(HttpRequest *request, const MailService *service);
