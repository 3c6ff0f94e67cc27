/* What the admin's nouns share: the organisation a command works in, names as people type them, and the record of who
 * changed what. */
#pragma once

#include <jansson.h>

#include "cmd/verbs.h"
#include "lib/clock.h"

/* Borrowed from the App and the call. First parameter of every store function of these nouns. */
typedef struct {
  DbPool *pool;
  gint64 deadline;
  const char *actor;
  gint64 org_id;
  const char *org_name;
} AdminScope;

#define ADMIN_DEFAULT_ORG "default"
#define ADMIN_OPTION_ORG \
  { "org", "NAME", "organisation (default: \"default\"; one company needs no other)" }

/* GP codes of these nouns; explained in lib/explain.c. */
enum {
  GP_NO_ORG = 1401,
  GP_NO_SOURCE = 1402,
  GP_NAME_TAKEN = 1403,
  GP_DOMAIN_ELSEWHERE = 1411,
  GP_DOMAIN_NOT_ADDED = 1412,
  GP_DOMAIN_NOT_PROVED = 1413,
  GP_DNS_SILENT = 1414,
  GP_NO_TOKEN = 1421,
  GP_TOKEN_ENDED = 1422,
  GP_NO_USER = 1431,
  GP_NO_GROUP = 1432,
};

/* The scope without an organisation: org_id is 0. */
gboolean admin_begin(App *app, AdminScope *scope, GError **error);
/* With the organisation that --org names. FALSE with NOT_FOUND and the nearest name. */
gboolean admin_scope(App *app, const VerbCall *call, AdminScope *scope, GError **error);
/* Queues the audit record of a change on its transaction. Takes detail. */
void admin_record(Db *db, const AdminScope *scope, const char *action, const char *subject, json_t *detail);
/* Is this a name of 1 to 64 characters that a terminal can show? FALSE with a USAGE error that calls it `what`. */
gboolean admin_name(const char *what, const char *name, GError **error);
/* "; did you mean "Okta"?", or what there is, or "". Free with g_free. */
char *admin_nearest(const char *word, const char *const *names);
/* " --org NAME" for a command to copy, or "" for the default one. Free with g_free. */
char *admin_org_option(const AdminScope *scope);
/* "24 Nov 2026, 10:14" (UTC), or `never` for 0. Free with g_free. */
char *admin_moment(gint64 wall_us, const char *never);
/* RFC 3339 for JSON; null for 0. */
json_t *admin_time(gint64 wall_us);
