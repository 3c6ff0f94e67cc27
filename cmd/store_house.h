/* What the program asks of the database as a whole: is it there, which roles are there, and what `doctor` looks at. */
#pragma once

#include "lib/db_pool.h"

/* TRUE when the database answers. */
gboolean store_house_ping(DbPool *pool, gint64 deadline, GError **error);

typedef struct {
  gboolean exists, member, granted; /* may the login SET ROLE to it; may it read the tables */
} StoreHouseRole;
gboolean store_house_role(Db *db, const char *role, StoreHouseRole *state, GError **error);
/* May the login make roles? */
gboolean store_house_may_make_roles(Db *db, gboolean *may, GError **error);
/* gatepost_app (not for signing in, the login becomes a member), gatepost_dovecot, gatepost_postfix: those that are
 * missing. The caller checked that it may. */
gboolean store_house_make_roles(Db *db, GError **error);
/* Gives gatepost_app its rights on what the migrations made. */
gboolean store_house_grant(Db *db, GError **error);

typedef struct {
  int version;          /* server_version_num: 150020 */
  gint64 clock_us;      /* the server's wall clock */
  gboolean month_ready; /* audit has a partition for the next month */
} StoreHouseServer;
gboolean store_house_server(Db *db, StoreHouseServer *server, GError **error);

/* SCIM tokens that are not revoked. */
typedef struct {
  gint64 live, expired, in_7, in_30, in_90; /* expiring within so many days, the nearer not counted again */
  gint64 unused;                            /* live, made over a week ago, never used */
} StoreHouseTokens;
gboolean store_house_tokens(Db *db, StoreHouseTokens *tokens, GError **error);

/* SAML connections that are not switched off. */
gboolean store_house_saml(Db *db, gint64 *connections, GError **error);
/* The same for a server: is there one. */
gboolean store_house_has_saml(DbPool *pool, gint64 deadline, gboolean *has, GError **error);

typedef struct {
  gint64 orgs, silent, held; /* with mail; of these without a place for alarms; changes that wait */
} StoreHouseMail;
gboolean store_house_mail(Db *db, StoreHouseMail *mail, GError **error);
