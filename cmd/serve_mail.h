/* What `gatepost serve` answers to mail servers on the admin listener: mail/routes.h with the state of the process. */
#pragma once

#include "lib/http_server.h"

/* The handlers of the rows in cmd/serve_health.c; app is the ServeState. */
HttpReply *serve_mail_policy(HttpRequest *request, gpointer app);
HttpReply *serve_mail_check(HttpRequest *request, gpointer app);
/* Who shows the key of the setting mail_policy_key. */
extern const HttpPolicy serve_mail_key;
/* Who shows a login and a secret, not too often. */
extern const HttpPolicy serve_mail_check_rate;
