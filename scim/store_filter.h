/* A filter as an SQL condition over scim_user u or scim_group g: known columns where there is an index, the folded document
 * elsewhere. Names and values are elements of one text[] parameter; the text holds nothing of the peer's. */
#pragma once

#include "scim/filter.h"

/* Parameters that the condition uses: $1 org_id, $2 source_id, $3 text[] values, $4 base. */
typedef struct {
  GString *sql;
  GPtrArray *values; /* char*, owned: the elements of $3 */
} ScimFilterSql;

void scim_filter_sql_clear(ScimFilterSql *sql);
/* The whole grammar compiles; what the parser lets through has a meaning here, the same as scim_filter_matches gives it. */
void scim_store_filter(const ScimType *type, const ScimFilter *filter, ScimFilterSql *sql);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ScimFilterSql, scim_filter_sql_clear)
