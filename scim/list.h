/* The query of a list request (RFC 7644 §3.4.2): filter, paging, projection. Pure. */
#pragma once

#include "scim/filter.h"
#include "scim/project.h"

typedef struct {
  ScimFilter *filter;         /* NULL: all */
  ScimProjection *projection; /* never NULL after parse */
  gint64 start_index;         /* ≥ 1 */
  gint64 count;               /* 0 … LIMIT_PAGE_MAX */
} ScimListQuery;

typedef struct {
  const char *filter, *start_index, *count, *attributes, *excluded_attributes, *sort_by, *sort_order; /* as text; NULL when absent */
} ScimListText;

/* startIndex below 1 is 1; count below 0 is 0, above the maximum the maximum; not a number is INVALID_VALUE. sortBy is
 * ignored while sort is not offered (ServiceProviderConfig says so). */
gboolean scim_list_parse(const ScimType *type, const ScimListText *text, ScimDialect *dialect, ScimListQuery *query, GError **error);
void scim_list_clear(ScimListQuery *query);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ScimListQuery, scim_list_clear)
