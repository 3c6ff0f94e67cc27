/* The handlers of /Users and /Groups; rows of the table in scim/routes.c. */
#pragma once

#include "lib/http_server.h"

HttpReply *scim_route_user_create(HttpRequest *request, gpointer app);
HttpReply *scim_route_user_list(HttpRequest *request, gpointer app);
HttpReply *scim_route_user_get(HttpRequest *request, gpointer app);
HttpReply *scim_route_user_replace(HttpRequest *request, gpointer app);
HttpReply *scim_route_user_patch(HttpRequest *request, gpointer app);
HttpReply *scim_route_user_delete(HttpRequest *request, gpointer app);
HttpReply *scim_route_group_create(HttpRequest *request, gpointer app);
HttpReply *scim_route_group_list(HttpRequest *request, gpointer app);
HttpReply *scim_route_group_get(HttpRequest *request, gpointer app);
HttpReply *scim_route_group_replace(HttpRequest *request, gpointer app);
HttpReply *scim_route_group_patch(HttpRequest *request, gpointer app);
HttpReply *scim_route_group_delete(HttpRequest *request, gpointer app);
