/* `gatepost proxy config nginx | caddy | haproxy`: what to put into the web server in front. */
#pragma once

#include "cmd/verbs.h"

int verb_proxy_config(App *app, const VerbCall *call, GError **error);

typedef struct {
  const char *host;     /* of public_url, without a port */
  const char *port;     /* of public_url: "443" */
  const char *upstream; /* listen: "127.0.0.1:8025" or "unix:/path" */
  const char *certificate, *key;
} ProxyFacts;

/* The block for a server by name; NULL when we know none of that name. *place says where it goes (static). Free with
 * g_free. */
char *proxy_config_block(const char *server, const ProxyFacts *facts, const char **place);
