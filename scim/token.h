/* The bearer tokens of identity providers: made, listed, rotated, revoked by command; looked up by hash for each
 * request, which is how the organisation of a request is known. */
#pragma once

#include "lib/cidr.h"
#include "lib/db_pool.h"
#include "scim/dialect.h"

typedef struct {
  gint64 org_id, source_id, token_id;
  char *org_name, *source_name, *name, *hint, *profile;
  char **lenient_off, **domains; /* NULL-terminated */
  Cidr *cidrs;
  gsize n_cidrs;
  gboolean suspend_only;
  gint64 rate;                                             /* 0: default */
  gint64 created_us, expires_us, revoked_us, last_used_us; /* wall clock; 0: never */
  char *last_used_ip, *last_used_agent;                    /* NULL: never */
  gint64 rotated_to;                                       /* 0: not */
} ScimToken;

void scim_token_free(ScimToken *token);
/* What its dialect allows: the profile less lenient_off. */
guint64 scim_token_allowed(const ScimToken *token);

/* The token with this hash, whatever its state; NULL with TOKEN_UNKNOWN, or a DB_ERROR. The one look-up that has no org_id. */
ScimToken *scim_token_find(DbPool *pool, gint64 deadline, const guint8 hash[32], GError **error);
/* Is it good now, from this address? FALSE with TOKEN_REVOKED, TOKEN_EXPIRED (with its name and day), TOKEN_ADDRESS. */
gboolean scim_token_check(const ScimToken *token, gint64 now_us, const IpAddress *client, GError **error);

/* Commands (each writes its audit record in the same transaction; actor is "admin:NAME"). */
typedef struct {
  gint64 org_id, source_id;
  const char *name, *profile;
  const char *const *lenient_off, *const *domains, *const *cidrs; /* validated texts, NULL-terminated */
  gboolean suspend_only;
  gint64 rate; /* 0: default */
  gint64 days; /* until it expires; 0: never */
} ScimTokenSpec;
/* Makes a token; *secret is shown once and free'd with crypto_free_secret. */
ScimToken *scim_token_create(DbPool *pool, gint64 deadline, const char *actor, const ScimTokenSpec *spec,
                             char **secret, GError **error);
typedef struct {
  gint64 org_id, token_id;
  gint64 overlap_hours; /* how much longer the old one works, unless it expires before */
  gint64 days;          /* until the new one expires; 0: never */
} ScimTokenRotation;
/* A successor with the same properties, an expired token's included. NULL with NOT_FOUND, TOKEN_REVOKED, or UNIQUENESS
 * when it already has a successor. */
ScimToken *scim_token_rotate(DbPool *pool, gint64 deadline, const char *actor,
                             const ScimTokenRotation *rotation, char **secret, GError **error);
/* One of an organisation; NULL with NOT_FOUND. */
ScimToken *scim_token_get(DbPool *pool, gint64 deadline, gint64 org_id, gint64 token_id, GError **error);
/* In force when it returns. A token that is revoked stays as it is, without a second record. FALSE with NOT_FOUND. */
gboolean scim_token_revoke(DbPool *pool, gint64 deadline, const char *actor, gint64 org_id, gint64 token_id,
                           GError **error);
/* All of an organisation, newest first: ScimToken*; free with g_ptr_array_unref. */
GPtrArray *scim_token_list(DbPool *pool, gint64 deadline, gint64 org_id, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(ScimToken, scim_token_free)
