/* Metadata that is published at a URL: who is due, what the record says, and what a copy changes in it. */
#pragma once

#include "audit/audit.h"
#include "lib/db_pool.h"
#include "saml/refresh.h"

/* A connection whose metadata is to be fetched; with what the record knows of the provider. */
typedef struct {
  gint64 org_id, connection_id;
  char *slug, *url, *etag; /* etag NULL: none yet */
  gboolean local;
  GBytes *certificate; /* NULL: nobody's signature is asked for */
  char *entity_id, *sso_url, *slo_url;
  gboolean sso_post, slo_post;
  GArray *keys; /* SamlKnownKey */
} SamlRefreshItem;

void saml_refresh_item_free(SamlRefreshItem *item);
SamlKnownIdp saml_refresh_item_known(const SamlRefreshItem *item);

/* SamlRefreshItem * of all that are due, each taken by one server alone for a quarter of an hour. g_ptr_array_unref. */
GPtrArray *saml_store_refresh_due(DbPool *pool, gint64 deadline, GError **error);
/* The one of that slug, due or not. *item NULL: there is none with a URL in this organisation. */
gboolean saml_store_refresh_find(DbPool *pool, gint64 deadline, gint64 org_id, const char *slug,
                                 SamlRefreshItem **item, GError **error);

/* What came of a fetch. */
typedef struct {
  const char *actor;           /* "admin:NAME"; "saml-refresh" */
  const SamlRefreshPlan *plan; /* NULL: the copy is unchanged, or could not be had */
  const SamlIdpMetadata *copy; /* NULL likewise */
  const char *etag;            /* of the copy; NULL: as it was */
  const char *error;           /* why it could not be had; NULL: it could */
  gint64 after_seconds;        /* until the next look */
} SamlRefreshOutcome;
/* One transaction with its audit record. */
gboolean saml_store_refresh_apply(DbPool *pool, gint64 deadline, const SamlRefreshItem *item,
                                  const SamlRefreshOutcome *outcome, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SamlRefreshItem, saml_refresh_item_free)
