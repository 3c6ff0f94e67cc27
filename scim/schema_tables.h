/* The attribute tables of RFC 7643, one file each, for scim/schema.c alone. An initialiser that names nothing else has
 * the defaults of §2.2: optional, case-insensitive, readWrite, returned by default, not unique. */
#pragma once

#include "scim/schema.h"

#define SCIM_SUBS(table) .sub = (table), .n_sub = G_N_ELEMENTS(table)
#define SCIM_WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* scim/schema_common.c: §3.1, of every resource. */
extern const ScimAttribute scim_schema_common_attributes[];
extern const gsize scim_schema_n_common_attributes;
extern const ScimSchema scim_schema_user;       /* scim/schema_user.c: §4.1 */
extern const ScimSchema scim_schema_enterprise; /* scim/schema_enterprise.c: §4.3 */
extern const ScimSchema scim_schema_group;      /* scim/schema_group.c: §4.2 */
