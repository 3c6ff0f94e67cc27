/* Replies to browsers: pages, redirects, cookies; the headers that keep them ours are set here alone (C07). */
#pragma once

#include "saml/service.h"

/* The cookies: of a session, and of a browser that is about to sign in. Both __Host-: Secure, for this host alone, path /. */
#define SAML_COOKIE_SESSION "__Host-gatepost"
#define SAML_COOKIE_BROWSER "__Host-gatepost-ask"
#define SAML_SECRET_BYTES 44 /* 32 random bytes in base64url, NUL */

/* 256 random bits into text, and their hash. */
void saml_secret_new(char text[SAML_SECRET_BYTES], guint8 hash[CRYPTO_SHA256_BYTES]);
/* The hash of a cookie or handle that has the form of one of ours; FALSE: it has not. */
gboolean saml_secret_hash(const char *text, guint8 hash[CRYPTO_SHA256_BYTES]);

/* A page of portal/pages with its values (taken). posts_away: its form goes to another origin. */
HttpReply *saml_web_page(SamlService *service, int status, const char *name, json_t *values,
                         gboolean posts_away);
/* 303 to a path of ours, or to an identity provider. */
HttpReply *saml_web_redirect(SamlService *service, const char *url);
/* A page that goes on by itself: after a form, whose redirects browsers hold to the form's own origin. */
HttpReply *saml_web_onward(SamlService *service, const char *url);
/* What the verifier made, to the browser: a redirect, or a form that it sends on. */
HttpReply *saml_web_send(SamlService *service, const SamlSend *send, const char *relay_state);
void saml_web_headers(SamlService *service, HttpReply *reply, gboolean posts_away);
/* Lax: comes along when a person follows a link to us; else (None) also with a form that another site posts. seconds 0: takes it away. */
void saml_web_cookie(HttpReply *reply, const char *name, const char *value, gboolean lax, int seconds);

/* THE error page. door NULL: it is not known yet. trace NULL: none was kept. target: where to after another try; NULL. */
HttpReply *saml_web_failure(SamlService *service, HttpRequest *request, const SamlDoor *door,
                            SamlFailure failure, const char *trace, const char *target);
/* The database is away or late; logs once. */
HttpReply *saml_web_away(SamlService *service, HttpRequest *request, const GError *error);
