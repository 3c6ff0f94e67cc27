#include "scim/dialect.h"

#define BIT(leniency) (G_GUINT64_CONSTANT(1) << SCIM_LENIENT_##leniency)

typedef struct {
  const char *name;
  const char *about;
} LeniencyRow;

static const LeniencyRow leniencies[SCIM_LENIENT_COUNT] = {
    [SCIM_LENIENT_OP_CASE] = {"op-case", "PATCH operations may be written Add, Remove, Replace in any case."},
    [SCIM_LENIENT_BOOLEAN_STRINGS] = {"boolean-strings",
                                      "\"True\" and \"false\" as text are taken for booleans."},
    [SCIM_LENIENT_ARRAY_FOR_SINGLE] = {"array-for-single",
                                       "An array of one element is taken for the single value it holds."},
    [SCIM_LENIENT_SINGLE_FOR_ARRAY] = {"single-for-array",
                                       "A single value is taken for an array that holds just it."},
    [SCIM_LENIENT_STRING_FOR_COMPLEX] =
        {"string-for-complex", "A plain string is taken for an object with that value: manager, members."},
    [SCIM_LENIENT_CREATE_ON_MISS] =
        {"create-on-miss", "A value path that matches nothing, as emails[type eq \"work\"].value, makes "
                           "the element."},
    [SCIM_LENIENT_DOTTED_KEYS] =
        {"dotted-keys", "Keys such as name.givenName or urn:…:User:title inside a value are expanded."},
    [SCIM_LENIENT_REMOVE_BY_VALUE] =
        {"remove-by-value", "A remove operation with a list of values removes just those, not all."},
    [SCIM_LENIENT_READONLY_ECHO] =
        {"readonly-echo", "A readOnly attribute may be sent back in a PATCH with its present value."},
    [SCIM_LENIENT_EMPTY_CLEARS] = {"empty-clears", "An empty string means that the attribute has no value."},
    [SCIM_LENIENT_UNKNOWN_ATTRIBUTES] =
        {"unknown-attributes", "Attributes that no schema declares are kept aside with the resource."},
    [SCIM_LENIENT_UNKNOWN_SCHEMAS] = {"unknown-schemas",
                                      "Foreign or damaged schema URIs are accepted and not echoed."},
    [SCIM_LENIENT_MISSING_SCHEMAS] = {"missing-schemas", "A body may leave out schemas or its base schema."},
    [SCIM_LENIENT_PASSWORD_IGNORED] = {"password-ignored",
                                       "A password is accepted and not kept: nobody signs in with one."},
    [SCIM_LENIENT_OP_EXTRAS] = {"op-extras", "A PATCH operation may have members beside op, path and value."},
    [SCIM_LENIENT_PENDING_MEMBERS] = {"pending-members",
                                      "A group member nobody knows yet waits until that person arrives."},
    [SCIM_LENIENT_PUT_KEEPS_MEMBERS] = {"put-keeps-members",
                                        "PUT of a group without members leaves them as they are."},
    [SCIM_LENIENT_PUT_KEEPS_ACTIVE] = {"put-keeps-active",
                                       "PUT of a user without active leaves it as it is."},
    [SCIM_LENIENT_FILTER_BARE_VALUE] = {"filter-bare-value", "A value in a filter may stand without quotes."},
    [SCIM_LENIENT_FILTER_BOOLEAN_STRING] =
        {"filter-boolean-string", "A filter may compare a boolean with \"True\" or \"False\" as text."},
    [SCIM_LENIENT_FILTER_SUBATTRIBUTE] =
        {"filter-subattribute", "emails[type eq \"work\"].value eq \"…\" is understood in a filter."},
    [SCIM_LENIENT_FILTER_SPACING] = {"filter-spacing",
                                     "The space between an operator and a quoted value may be missing."},
    [SCIM_LENIENT_FILTER_COMPLEX] =
        {"filter-complex", "A single complex attribute in a filter, as manager, is compared by its value."},
    [SCIM_LENIENT_EXTENSION_NAMES] =
        {"extension-names",
         "An extension's attribute may be named without its URN in filters and PATCH paths."},
    [SCIM_LENIENT_BEARER_FORMS] =
        {"bearer-forms", "The token may follow Bearer twice or not at all, with line breaks around it."},
    [SCIM_LENIENT_CONTENT_TYPE] = {"content-type", "A body may come without a Content-Type."},
};

/* Costs nobody anything, or keeps people's access where a literal reading would take it away. */
#define COMMON                                                                                    \
  (BIT(REMOVE_BY_VALUE) | BIT(READONLY_ECHO) | BIT(EMPTY_CLEARS) | BIT(UNKNOWN_ATTRIBUTES) |      \
   BIT(UNKNOWN_SCHEMAS) | BIT(PASSWORD_IGNORED) | BIT(PENDING_MEMBERS) | BIT(PUT_KEEPS_MEMBERS) | \
   BIT(PUT_KEEPS_ACTIVE) | BIT(FILTER_SPACING) | BIT(FILTER_COMPLEX) | BIT(EXTENSION_NAMES) |     \
   BIT(BEARER_FORMS) | BIT(CONTENT_TYPE))

#define ENTRA                                                                                     \
  (COMMON | BIT(OP_CASE) | BIT(BOOLEAN_STRINGS) | BIT(ARRAY_FOR_SINGLE) | BIT(SINGLE_FOR_ARRAY) | \
   BIT(STRING_FOR_COMPLEX) | BIT(CREATE_ON_MISS) | BIT(DOTTED_KEYS) | BIT(OP_EXTRAS) |            \
   BIT(FILTER_BARE_VALUE) | BIT(FILTER_BOOLEAN_STRING) | BIT(FILTER_SUBATTRIBUTE))

static const ScimProfile profiles[] = {
    {"any", "Everything that any known identity provider writes. The default.", SCIM_DIALECT_ALL},
    {"okta", "Okta: RFC form, with echoes of readOnly values and passwords.", COMMON | BIT(DOTTED_KEYS)},
    {"entra", "Microsoft Entra ID, with and without aadOptscim062020.", ENTRA},
    {"onelogin", "OneLogin: bodies from a template that an admin edits.",
     COMMON | BIT(OP_CASE) | BIT(BOOLEAN_STRINGS) | BIT(SINGLE_FOR_ARRAY) | BIT(MISSING_SCHEMAS)},
    {"jumpcloud", "JumpCloud: Entra's shapes in group changes.", ENTRA},
    {"ping", "PingFederate and PingOne: PUT of whole users.", COMMON | BIT(OP_CASE)},
    {"google", "Google Workspace: users only.", COMMON | BIT(OP_CASE)},
    {"keycloak", "Keycloak with a SCIM client extension.",
     COMMON | BIT(OP_CASE) | BIT(SINGLE_FOR_ARRAY) | BIT(MISSING_SCHEMAS) | BIT(DOTTED_KEYS)},
    {"strict", "The RFCs and nothing else: for tests of a new client.", 0},
    {NULL, NULL, 0},
};

gboolean scim_dialect_allows(ScimDialect *dialect, ScimLeniency leniency) {
  guint64 bit = G_GUINT64_CONSTANT(1) << leniency;
  if (!(dialect->allowed & bit))
    return FALSE;
  dialect->used |= bit;
  return TRUE;
}

const char *scim_dialect_name(ScimLeniency leniency) {
  return leniencies[leniency].name;
}

const char *scim_dialect_about(ScimLeniency leniency) {
  return leniencies[leniency].about;
}

gboolean scim_dialect_find(const char *name, ScimLeniency *leniency) {
  for (int i = 0; i < SCIM_LENIENT_COUNT; i++) {
    if (!g_str_equal(leniencies[i].name, name))
      continue;
    *leniency = (ScimLeniency)i;
    return TRUE;
  }
  return FALSE;
}

const ScimProfile *scim_profile_find(const char *name) {
  for (const ScimProfile *profile = profiles; profile->name; profile++)
    if (g_str_equal(profile->name, name))
      return profile;
  return NULL;
}

const ScimProfile *scim_profile_all(void) {
  return profiles;
}
