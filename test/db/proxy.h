/* A Unix socket in front of PostgreSQL's that can cut a connection at the moment that matters: around a COMMIT. */
#pragma once

#include <glib.h>

typedef struct Proxy Proxy;

typedef enum {
  PROXY_PASS,
  PROXY_CUT_REQUEST, /* the client's next bytes never arrive; both sides are closed */
  PROXY_CUT_REPLY,   /* the server's next bytes never arrive: it has done the work */
  PROXY_DELAY,       /* the client is closed at once, its bytes reach the server 600 ms later */
} ProxyFault;

/* dir: of PostgreSQL's socket. */
Proxy *proxy_new(const char *dir);
void proxy_free(Proxy *proxy);
/* "host=… port=…" of the proxy. */
const char *proxy_conninfo(const Proxy *proxy);
/* The fault strikes once, on the next bytes of any connection. */
void proxy_arm(Proxy *proxy, ProxyFault fault);
/* Connections that clients made so far. */
int proxy_connections(const Proxy *proxy);
