#include "scim/schema_tables.h"

static const ScimAttribute meta[] = {
    {.name = "resourceType",
     .about = "The name of the resource's type, User or Group.",
     .case_exact = TRUE,
     .mutability = SCIM_READ_ONLY},
    {.name = "created",
     .about = "When the resource was made here.",
     .type = SCIM_DATETIME,
     .mutability = SCIM_READ_ONLY},
    {.name = "lastModified",
     .about = "When the resource last changed here; equal to created until it does.",
     .type = SCIM_DATETIME,
     .mutability = SCIM_READ_ONLY},
    {.name = "location",
     .about = "The URL of the resource.",
     .type = SCIM_REFERENCE,
     .case_exact = TRUE,
     .mutability = SCIM_READ_ONLY,
     .reference_types = SCIM_WORDS("uri")},
    {.name = "version",
     .about = "The version of the resource, the same as its ETag.",
     .case_exact = TRUE,
     .mutability = SCIM_READ_ONLY},
};

/* Schema URIs compare without case (RFC 7644 §3.10). */
const ScimAttribute scim_schema_common_attributes[] = {
    {.name = "schemas",
     .about = "The URIs of the schemas whose attributes the resource has.",
     .type = SCIM_REFERENCE,
     .multi = TRUE,
     .required = TRUE,
     .returned = SCIM_RETURNED_ALWAYS,
     .reference_types = SCIM_WORDS("uri")},
    {.name = "id",
     .about = "The identifier this service gave the resource; never used for another one.",
     .required = TRUE,
     .case_exact = TRUE,
     .mutability = SCIM_READ_ONLY,
     .returned = SCIM_RETURNED_ALWAYS,
     .uniqueness = SCIM_UNIQUE_SERVER},
    {.name = "externalId",
     .about = "The identifier the provisioning client gave the resource.",
     .case_exact = TRUE},
    {.name = "meta",
     .about = "What this service knows about the resource itself.",
     .type = SCIM_COMPLEX,
     .mutability = SCIM_READ_ONLY,
     SCIM_SUBS(meta)},
};

const gsize scim_schema_n_common_attributes = G_N_ELEMENTS(scim_schema_common_attributes);
