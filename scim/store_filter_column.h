/* Which attributes are columns, and which are rows of other tables: the tables of the filter compiler. */
#pragma once

#include "scim/schema.h"

typedef enum {
  SCIM_COLUMN_AS_TEXT,
  SCIM_COLUMN_AS_UUID,
  SCIM_COLUMN_AS_TIME,
  SCIM_COLUMN_AS_BOOLEAN
} ScimColumnForm;

typedef struct {
  const char *attribute, *sub; /* sub NULL: the whole attribute */
  const char *column;          /* an SQL expression */
  ScimColumnForm form;
  gboolean nullable;
} ScimFilterColumn;

/* NULL when the attribute lives in the document. */
const ScimFilterColumn *scim_filter_column(const ScimType *type, const ScimRef *ref);

/* An attribute that is rows: a FROM item named e with the columns value, display, type, ref; and the condition for one value by
 * its index, for eq on value: `before` value `after`. */
typedef struct {
  const char *attribute;
  const char *from;
  const char *by_id; /* "u.user_id IN (SELECT … = %s::uuid)" in two halves: up to the value, and after it */
  const char *by_id_end;
  const char *by_text, *by_text_end; /* the same where the value may be any text; NULL: only ids */
} ScimFilterRows;

/* NULL when the attribute is not made of rows. */
const ScimFilterRows *scim_filter_rows(const ScimType *type, const ScimRef *ref);
