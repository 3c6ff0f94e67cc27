/* Identity sources of an organisation in the database, for the admin's commands. */
#pragma once

#include "cmd/admin.h"

typedef struct {
  gint64 source_id, created_us, people, groups, tokens; /* tokens: those that work now */
  char *name, *profile;
} StoreSource;

void store_source_free(StoreSource *source);
/* All of the organisation by name: StoreSource*; free with g_ptr_array_unref. */
GPtrArray *store_source_list(const AdminScope *scope, GError **error);
/* FALSE with REFUSED when the name is taken. */
gboolean store_source_add(const AdminScope *scope, const char *name, const char *profile, gint64 *source_id,
                          GError **error);
