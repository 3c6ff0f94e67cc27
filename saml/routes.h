/* The HTTP face of SAML: rows for /saml/{connection}/…, and the policies of everything that browsers ask. */
#pragma once

#include "saml/service.h"

/* Ends with name NULL. Their `app` is a SamlService. */
const HttpRoute *saml_routes(void);
/* Shaping by address and connection before anything is read (C08); for forms also their kind and size (C01, C02). */
HttpVerdict saml_routes_page(HttpRequest *request, SamlService *service, HttpReply **reply, gint64 *delay_us);
HttpVerdict saml_routes_form(HttpRequest *request, SamlService *service, HttpReply **reply, gint64 *delay_us);
/* The server's own refusals as a page. */
HttpReply *saml_routes_refuse(SamlService *service, int status, int gp_code, const char *message);
