/* Mail domains that organisations claim and prove, for the admin's commands. Domains are A-labels, lower case. */
#pragma once

#include "cmd/admin.h"

typedef struct {
  char *domain, *challenge, *verified_by; /* "dns", "trust"; NULL while only claimed */
  gint64 verified_us;                     /* 0: not */
} StoreDomain;

void store_domain_free(StoreDomain *domain);
/* All of the organisation by name: StoreDomain*; free with g_ptr_array_unref. */
GPtrArray *store_domain_list(const AdminScope *scope, GError **error);
/* NULL with NOT_FOUND when the organisation has not added it. */
StoreDomain *store_domain_get(const AdminScope *scope, const char *domain, GError **error);
/* The claim, with this challenge, or the one it has already. NULL with REFUSED when another organisation has proved it. */
StoreDomain *store_domain_add(const AdminScope *scope, const char *domain, const char *challenge,
                              GError **error);
/* Marks it proved, by "dns" or "trust". FALSE with REFUSED when another organisation was first. */
gboolean store_domain_verify(const AdminScope *scope, const char *domain, const char *by, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(StoreDomain, store_domain_free)
