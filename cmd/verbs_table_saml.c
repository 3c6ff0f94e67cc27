#include "cmd/verbs_table.h"

#include "cmd/admin.h"
#include "cmd/saml.h"

#define METADATA_OPTIONS                                                              \
  {"metadata", "FILE|URL", "the identity provider's metadata; - for standard input"}, \
      {"entity", "ID", "which entityID in it, where there are several"},              \
      {"metadata-certificate", "FILE",                                                \
       "it must be signed by this certificate; then its changes need no admin"},      \
  {                                                                                   \
    "local-metadata", NULL, "http and private addresses are meant, there and in it"   \
  }

#define POLICY_OPTIONS                                                                                       \
  {"name", "NAME", "what people read on the button"},                                                        \
      {"subject", "SOURCE", "NameID (default), or the Name of the attribute that tells who it is"},          \
      {"join", "RULE", "it is our userName (default), externalId or email"},                                 \
      {"signed", "WHAT", "either (default), response, assertion or both must be signed"},                    \
      {"name-id-format", "URI", "asked for in requests; \"\" for none (default)"},                           \
      {"context", "URI", "how people must have signed in, exactly; may be repeated"},                        \
      {"logout-issuer", "ID", "another name in its logout messages; may be repeated"},                       \
      {"skew", "SECONDS", "how far clocks may differ (default: 180)"},                                       \
      {"session-hours", "N", "longest session (default: 12)"}, {"force-authn", "yes|no", "always ask anew"}, \
      {"allow-cbc", "yes|no", "take unauthenticated encryption inside a signed response"}, {                 \
    "enforce-address", "yes|no", "the address in the confirmation must be the browser's"                     \
  }

static const VerbOption create_options[] = {
    {"source", "NAME", "whose people sign in by it (default: the only one)"},
    METADATA_OPTIONS,
    POLICY_OPTIONS,
    {"replaces", "CONNECTION", "takes over its people: both work until finish or undo"},
    {"draft", NULL, "trial sign-ins alone, until set --state live"},
    ADMIN_OPTION_ORG,
    {NULL},
};
static const VerbOption set_options[] = {
    POLICY_OPTIONS,
    {"state", "STATE", "live, off (nobody signs in, sessions end) or draft"},
    ADMIN_OPTION_ORG,
    {NULL}};
static const VerbOption org_options[] = {ADMIN_OPTION_ORG, {NULL}};
static const VerbOption refresh_options[] = {
    {"accept", NULL, "do what else would wait for an admin"}, ADMIN_OPTION_ORG, {NULL}};
static const VerbOption rotate_options[] = {{"change", NULL, "the new keys take over"},
                                            {"finish", NULL, "forget the former ones"},
                                            ADMIN_OPTION_ORG,
                                            {NULL}};
static const VerbOption trace_options[] = {
    {"limit", "N", "how many (default: 20)"}, ADMIN_OPTION_ORG, {NULL}};
static const VerbOption match_options[] = {
    {"join", "RULE", "by userName, externalId or email (default: the connection's)"},
    {"subjects", "FILE", "what the other provider calls its people, one a line"},
    ADMIN_OPTION_ORG,
    {NULL}};

#define NOUN "saml connection"
#define FINDS VERB_EXIT(APP_NOT_FOUND)
#define FINDS_OR_REFUSES (VERB_EXIT(APP_NOT_FOUND) | VERB_EXIT(APP_REFUSED))

const Verb verbs_saml[] = {
    {NOUN,
     "create",
     "CONNECTION",
     "lets the people of a source sign in at their identity provider",
     create_options,
     {"gatepost saml connection create acme-okta --source Okta --metadata okta.xml",
      "gatepost saml connection create acme-entra --metadata "
      "https://login.microsoftonline.com/…/federationmetadata.xml"},
     FINDS_OR_REFUSES,
     0,
     verb_saml_create,
     NULL},
    {NOUN,
     "list",
     "",
     "all of them",
     org_options,
     {"gatepost saml connection list", "gatepost saml connection list --json"},
     0,
     0,
     verb_saml_list,
     NULL},
    {NOUN,
     "show",
     "CONNECTION",
     "one, with what the identity provider is to be told and what to look at",
     org_options,
     {"gatepost saml connection show acme-okta", "gatepost saml connection show acme-okta --json"},
     FINDS,
     0,
     verb_saml_show,
     NULL},
    {NOUN,
     "set",
     "CONNECTION",
     "changes what it asks for",
     set_options,
     {"gatepost saml connection set acme-entra --subject "
      "http://schemas.microsoft.com/identity/claims/objectidentifier --join externalId",
      "gatepost saml connection set acme-okta --state off"},
     FINDS,
     0,
     verb_saml_set,
     NULL},
    {NOUN,
     "test",
     "CONNECTION",
     "the address for a trial sign-in that shows what arrives",
     org_options,
     {"gatepost saml connection test acme-okta", "gatepost saml connection test acme-okta --org acme"},
     FINDS,
     0,
     verb_saml_test,
     NULL},
    {NOUN,
     "trace",
     "CONNECTION|TRACE",
     "the last sign-ins, or each check of one",
     trace_options,
     {"gatepost saml connection trace acme-okta", "gatepost saml connection trace brave-otter-42"},
     FINDS,
     0,
     verb_saml_trace,
     NULL},
    {NOUN,
     "refresh",
     "CONNECTION",
     "fetches its metadata now and shows what changed",
     refresh_options,
     {"gatepost saml connection refresh acme-okta", "gatepost saml connection refresh acme-okta --json"},
     FINDS_OR_REFUSES,
     0,
     verb_saml_refresh,
     NULL},
    {NOUN,
     "trust",
     "CONNECTION FINGERPRINT",
     "accepts a certificate of the provider that waits",
     org_options,
     {"gatepost saml connection trust acme-okta 3F2A9C",
      "gatepost saml connection trust acme-okta 3F2A9C --json"},
     FINDS,
     0,
     verb_saml_trust,
     NULL},
    {NOUN,
     "distrust",
     "CONNECTION FINGERPRINT",
     "signatures by that certificate count no more",
     org_options,
     {"gatepost saml connection distrust acme-okta 3F2A9C",
      "gatepost saml connection distrust acme-okta 3F2A9C --json"},
     FINDS_OR_REFUSES,
     0,
     verb_saml_distrust,
     NULL},
    {NOUN,
     "rotate",
     "CONNECTION",
     "publishes new keys of ours; --change and --finish follow",
     rotate_options,
     {"gatepost saml connection rotate acme-okta", "gatepost saml connection rotate acme-okta --change"},
     FINDS_OR_REFUSES,
     0,
     verb_saml_rotate,
     NULL},
    {NOUN,
     "match",
     "CONNECTION",
     "a dry run: whom would another rule or provider find?",
     match_options,
     {"gatepost saml connection match acme-okta --join externalId",
      "gatepost saml connection match acme-okta --subjects people.txt"},
     FINDS | VERB_EXIT(APP_PARTLY),
     0,
     verb_saml_match,
     NULL},
    {NOUN,
     "finish",
     "CONNECTION",
     "the one that it replaces is switched off",
     org_options,
     {"gatepost saml connection finish acme-entra", "gatepost saml connection finish acme-entra --yes"},
     FINDS_OR_REFUSES,
     VERB_ASKS,
     verb_saml_finish,
     NULL},
    {NOUN,
     "undo",
     "CONNECTION",
     "back to the one that it replaces",
     org_options,
     {"gatepost saml connection undo acme-entra", "gatepost saml connection undo acme-entra --yes"},
     FINDS_OR_REFUSES,
     VERB_ASKS,
     verb_saml_undo,
     NULL},
    {NOUN,
     "remove",
     "CONNECTION",
     "removes it with its keys, bindings and sessions",
     org_options,
     {"gatepost saml connection remove acme-okta", "gatepost saml connection remove acme-okta --yes"},
     FINDS_OR_REFUSES,
     VERB_ASKS,
     verb_saml_remove,
     NULL},
    {NULL},
};
