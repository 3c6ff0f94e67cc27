/* A ScimCall from an HTTP request, in two steps: the credential's form, before any I/O; then who that is. */
#pragma once

#include "lib/http_server.h"
#include "scim/schema.h"
#include "scim/service.h"

/* From the headers alone. NULL with TOKEN_MISSING or TOKEN_FORM. */
ScimCall *scim_call_new(HttpRequest *request, GError **error);
void scim_call_free(ScimCall *call);
/* Finds the token, checks it, and that /o/{org} agrees. Errors TOKEN_…, or DB_ERROR. */
gboolean scim_call_authorise(ScimCall *call, ScimService *service, HttpRequest *request, GError **error);
/* The body as a JSON object. NULL with MEDIA_TYPE, INVALID_SYNTAX or a JSONTEXT_ERROR. */
json_t *scim_call_body(ScimCall *call, HttpRequest *request, GError **error);
/* attributes and excludedAttributes of the query. */
gboolean scim_call_project(ScimCall *call, HttpRequest *request, const ScimType *type, GError **error);
/* Marks the call as a create and hashes what makes two of them the same. */
void scim_call_set_create(ScimCall *call, HttpRequest *request, const json_t *body);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(ScimCall, scim_call_free)
