/* What of the connections an admin is to look at before people notice. */
#pragma once

#include "lib/db_pool.h"

/* A certificate that ends within 30, 14, 7 or 1 days, or has ended. */
typedef struct {
  char *slug;
  gboolean own; /* ours; else the provider's */
  int days;     /* below 0: it has ended */
} SamlEnding;

/* SamlEnding * of those that were not yet told at that distance, marked as told. g_ptr_array_unref. */
GPtrArray *saml_store_warn(DbPool *pool, gint64 deadline, GError **error);

typedef struct {
  char *slug, *words;
  int code; /* GP number */
} SamlWorry;

/* SamlWorry * of connections that are not off: certificates at their end, keys that wait, metadata that cannot be had. */
GPtrArray *saml_store_worries(Db *db, GError **error);
