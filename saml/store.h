/* Connections in the database, as the service reads them. */
#pragma once

#include <jansson.h>

#include "lib/db_pool.h"
#include "saml/door.h"

/* The connection at /saml/{slug}; base is public_url without a slash at its end. *door NULL: there is none. */
gboolean saml_store_door(DbPool *pool, gint64 deadline, const char *base, const char *slug, SamlDoor **door,
                         GError **error);

/* Where somebody may sign in: live connections as [{slug, name, org}], at most 20. */
typedef struct {
  const char *org;    /* of this organisation; NULL: any */
  const char *domain; /* of the organisation that has proved this domain; NULL: any */
} SamlChoice;
json_t *saml_store_choose(DbPool *pool, gint64 deadline, const SamlChoice *choice, GError **error);
