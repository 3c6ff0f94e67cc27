#include "scim/schema_tables.h"

static const ScimAttribute members[] = {
    {.name = "value", .about = "The id of the member.", .lookup = TRUE, .mutability = SCIM_IMMUTABLE},
    {.name = "$ref",
     .about = "The URL of the member.",
     .type = SCIM_REFERENCE,
     .case_exact = TRUE,
     .mutability = SCIM_IMMUTABLE,
     .reference_types = SCIM_WORDS("User", "Group")},
    {.name = "type",
     .about = "What the member is.",
     .mutability = SCIM_IMMUTABLE,
     .canonical = SCIM_WORDS("User", "Group")},
    {.name = "display", .about = "A name of the member for people to read.", .mutability = SCIM_READ_ONLY},
};

/* The text of §4.2 makes displayName required; the printed schema of §8.7.1 forgot it. */
static const ScimAttribute attributes[] = {
    {.name = "displayName",
     .about = "The name of the group, for people to read.",
     .required = TRUE,
     .lookup = TRUE,
     .uniqueness = SCIM_UNIQUE_SERVER},
    {.name = "members",
     .about = "Who belongs to the group.",
     .type = SCIM_COMPLEX,
     .multi = TRUE,
     SCIM_SUBS(members)},
};

const ScimSchema scim_schema_group = {
    .urn = SCIM_URN_GROUP,
    .name = "Group",
    .about = "A group of people",
    .attributes = attributes,
    .n_attributes = G_N_ELEMENTS(attributes),
};
