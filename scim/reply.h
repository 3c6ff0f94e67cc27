/* Answers and errors as HTTP replies: always application/scim+json, counted, and noted for the request's log line. */
#pragma once

#include "lib/http_server.h"
#include "scim/service.h"

HttpReply *scim_reply_answer(ScimService *service, HttpRequest *request, const ScimCall *call,
                             ScimAnswer *answer);
/* call NULL: not authorised yet. A failure of ours is logged here, with its cause. error is taken. */
HttpReply *scim_reply_error(ScimService *service, HttpRequest *request, const ScimCall *call, GError *error);
/* 429 after that many seconds. */
HttpReply *scim_reply_throttled(ScimService *service, HttpRequest *request, int retry_after_s);
/* A body of ours that needs no token. body is taken. */
HttpReply *scim_reply_text(ScimService *service, HttpRequest *request, int status, char *body);
/* What the HTTP layer refused. */
HttpReply *scim_reply_refusal(ScimService *service, HttpRequest *request, int status, int gp_code,
                              const char *message);
