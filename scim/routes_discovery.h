/* The handlers of the discovery endpoints, and of what is known but not offered; rows of the table in scim/routes.c. */
#pragma once

#include "lib/http_server.h"

HttpReply *scim_route_config(HttpRequest *request, gpointer app);
HttpReply *scim_route_types(HttpRequest *request, gpointer app);
HttpReply *scim_route_type(HttpRequest *request, gpointer app);
HttpReply *scim_route_schemas(HttpRequest *request, gpointer app);
HttpReply *scim_route_schema(HttpRequest *request, gpointer app);
/* 501. */
HttpReply *scim_route_not_offered(HttpRequest *request, gpointer app);
