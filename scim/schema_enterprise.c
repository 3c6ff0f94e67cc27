#include "scim/schema_tables.h"

static const ScimAttribute manager[] = {
    {.name = "value", .about = "The id of the person's manager."},
    {.name = "$ref",
     .about = "The URL of the person's manager.",
     .type = SCIM_REFERENCE,
     .case_exact = TRUE,
     .reference_types = SCIM_WORDS("User")},
    {.name = "displayName", .about = "The manager's displayName.", .mutability = SCIM_READ_ONLY},
};

static const ScimAttribute attributes[] = {
    {.name = "employeeNumber",
     .about = "What the organisation numbers the person by, in order of hiring or otherwise."},
    {.name = "costCenter", .about = "The cost centre the person belongs to."},
    {.name = "organization", .about = "The organisation the person belongs to."},
    {.name = "division", .about = "The division the person belongs to."},
    {.name = "department", .about = "The department the person belongs to."},
    {.name = "manager",
     .about = "The person's manager, who may be a resource of this service.",
     .type = SCIM_COMPLEX,
     SCIM_SUBS(manager)},
};

const ScimSchema scim_schema_enterprise = {
    .urn = SCIM_URN_ENTERPRISE,
    .name = "EnterpriseUser",
    .about = "What organisations record of a person who works for them",
    .attributes = attributes,
    .n_attributes = G_N_ELEMENTS(attributes),
};
