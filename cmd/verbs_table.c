#include "cmd/verbs_table.h"

#include <string.h>

#include "cmd/admin.h"
#include "cmd/domain.h"
#include "cmd/group.h"
#include "cmd/org.h"
#include "cmd/scim_token.h"
#include "cmd/source.h"
#include "cmd/check_config.h"
#include "cmd/db.h"
#include "cmd/doctor.h"
#include "cmd/explain.h"
#include "cmd/init.h"
#include "cmd/mode.h"
#include "cmd/proxy.h"
#include "cmd/serve.h"
#include "cmd/user.h"
#include "cmd/version.h"

typedef struct {
  const char *noun, *help;
} NounHelp;

/* Nouns of several verbs. */
static const NounHelp nouns[] = {
    {"db", "the database schema"},
    {"proxy", "the web server in front of gatepost"},
    {"org", "organisations; one company needs only the one that is there"},
    {"source", "identity providers: Okta, Entra and so on"},
    {"domain", "mail domains, claimed and proved"},
    {"scim-token", "the keys with which identity providers push people"},
    {"user", "people, as their identity provider describes them"},
    {"dovecot", "what to put into Dovecot, and the proof that it works"},
    {"postfix", "what to put into Postfix"},
    {"saml connection", "how people sign in at their identity provider"},
    {"session", "where people are signed in with a browser"},
    {"pat", "what people's mail programs use as passwords"},
    {"mode", "whose sign-in counts: the mail server's passwords, or only ours"},
    {"rule", "who may use which protocol from where and when"},
    {"notice", "what people are told by mail"},
    {"mail-setting", "what an organisation wants of its mail"},
    {"backend", "the mail stores"},
    {"mail-group", "groups whose members get a mailbox"},
    {"mailbox", "mailboxes, and whose they are"},
    {"sync", "the mail store follows the directory"},
    {"mail-events", "what Dovecot tells of who opened which mailbox"},
    {"group", "groups, as their identity provider describes them"},
    {NULL},
};

static const VerbOption org_options[] = {ADMIN_OPTION_ORG, {NULL}};

static const VerbOption source_add_options[] = {
    {"profile", "PROFILE", "okta, entra, onelogin, jumpcloud, ping, google, keycloak, strict (default: any)"},
    ADMIN_OPTION_ORG,
    {NULL},
};

static const VerbOption domain_verify_options[] = {
    {"trust", NULL, "without asking the name server: you know that it is yours"},
    ADMIN_OPTION_ORG,
    {NULL},
};

static const VerbOption token_create_options[] = {
    {"source", "NAME", "the source it belongs to (default: the only one)"},
    {"name", "NAME", "what you call it: \"Okta prod\""},
    {"profile", "PROFILE", "what it may write beside the RFCs (default: the source's)"},
    {"strict", NULL, "the RFCs and nothing else"},
    {"without", "LENIENCY", "less this leniency; may be repeated"},
    {"days", "N", "until it expires (default: 365; 0: never)"},
    {"cidr", "NETWORK", "only from there; may be repeated"},
    {"domain", "DOMAIN", "only for addresses in it; may be repeated"},
    {"suspend-only", NULL, "deleting a person only suspends"},
    {"rate", "N", "requests a second (default: 200)"},
    ADMIN_OPTION_ORG,
    {NULL},
};

static const VerbOption token_rotate_options[] = {
    {"overlap", "HOURS", "how long the old one still works (default: 24)"},
    {"days", "N", "until the new one expires (default: 365; 0: never)"},
    ADMIN_OPTION_ORG,
    {NULL},
};

static const VerbOption check_config_options[] = {
    {"example", NULL, "print an example file with every setting"},
    {NULL},
};

static const VerbOption explain_options[] = {
    {"all", NULL, "list every code"},
    {NULL},
};

static const VerbOption init_options[] = {
    {"public-url", "URL", "the address people and identity providers will use"},
    {"database", "CONNINFO", "how PostgreSQL is reached, as the owner of the schema"},
    {"domain", "DOMAIN", "your mail domain, for the commands that are printed at the end"},
    {"dir", "DIR", "folder for gatepost.yaml and the keys (default: that of --config)"},
    {NULL},
};

static const VerbOption proxy_options[] = {
    {"cert", "FILE", "certificate chain (default: /etc/ssl/certs/HOST.pem)"},
    {"key", "FILE", "its private key (default: /etc/ssl/private/HOST.pem)"},
    {NULL},
};

static const VerbOption serve_options[] = {
    {"ready-fd", "N", "write the bound addresses as one JSON line to descriptor N when ready"},
    {NULL},
};

static const VerbOption user_list_options[] = {
    {"filter", "PREFIX", "whose userName begins so"},
    {"limit", "N", "at most so many (default: 100)"},
    ADMIN_OPTION_ORG,
    {NULL},
};

static const VerbOption user_contain_options[] = {
    {"why", "TEXT", "the reason; kept, and in the record"},
    ADMIN_OPTION_ORG,
    {NULL},
};

static const VerbOption group_list_options[] = {
    {"limit", "N", "at most so many (default: 100)"},
    ADMIN_OPTION_ORG,
    {NULL},
};

static const Verb table[] = {
    {"init",
     NULL,
     "",
     "set everything up; shows its plan first",
     init_options,
     {"gatepost init --plan --public-url https://gatepost.example.org --database 'host=/run/postgresql "
      "dbname=gatepost'",
      "gatepost init --yes --public-url https://gatepost.example.org --database "
      "postgresql://db.example.org/gatepost"},
     VERB_EXIT(APP_REFUSED) | VERB_EXIT(APP_UNREACHABLE),
     VERB_CHANGES | VERB_ASKS,
     verb_init},
    {"check-config",
     NULL,
     "",
     "check the settings and show where each comes from",
     check_config_options,
     {"gatepost check-config", "gatepost check-config --example"},
     0,
     0,
     verb_check_config},
    {"db",
     "migrate",
     "",
     "bring the schema up to this version",
     NULL,
     {"gatepost db migrate --plan", "gatepost db migrate"},
     VERB_EXIT(APP_UNREACHABLE),
     VERB_CHANGES,
     verb_db_migrate},
    {"db",
     "status",
     "",
     "which migrations are applied",
     NULL,
     {"gatepost db status", "gatepost db status --json"},
     VERB_EXIT(APP_UNREACHABLE),
     0,
     verb_db_status},
    {"serve",
     NULL,
     "",
     "serve SCIM; SIGTERM drains, a second one stops at once",
     serve_options,
     {"gatepost serve", "gatepost serve --config ./gatepost.yaml"},
     0,
     0,
     verb_serve},
    {"doctor",
     NULL,
     "",
     "what is well, what will hurt, what is broken",
     NULL,
     {"gatepost doctor", "gatepost doctor --json"},
     0,
     0,
     verb_doctor},
    {"proxy",
     "config",
     "SERVER",
     "the block for the web server in front: nginx, caddy or haproxy",
     proxy_options,
     {"gatepost proxy config nginx",
      "gatepost proxy config caddy --cert /etc/ssl/g.pem --key /etc/ssl/g.key"},
     0,
     0,
     verb_proxy_config},
    {"explain",
     NULL,
     "[CODE]",
     "what a GP code means and what to do",
     explain_options,
     {"gatepost explain GP-2101", "gatepost explain --all"},
     VERB_EXIT(APP_NOT_FOUND),
     0,
     verb_explain},
    {"org",
     "create",
     "NAME",
     "make an organisation",
     NULL,
     {"gatepost org create acme", "gatepost org create acme --json"},
     VERB_EXIT(APP_REFUSED) | VERB_EXIT(APP_UNREACHABLE),
     0,
     verb_org_create},
    {"org",
     "list",
     "",
     "all organisations and what is in them",
     NULL,
     {"gatepost org list", "gatepost org list --json"},
     VERB_EXIT(APP_UNREACHABLE),
     0,
     verb_org_list},
    {"source",
     "add",
     "NAME",
     "add an identity provider",
     source_add_options,
     {"gatepost source add Okta --profile okta", "gatepost source add Entra --profile entra --org acme"},
     VERB_EXIT(APP_NOT_FOUND) | VERB_EXIT(APP_REFUSED) | VERB_EXIT(APP_UNREACHABLE),
     0,
     verb_source_add},
    {"source",
     "list",
     "",
     "all identity providers of an organisation",
     org_options,
     {"gatepost source list", "gatepost source list --org acme"},
     VERB_EXIT(APP_NOT_FOUND) | VERB_EXIT(APP_UNREACHABLE),
     0,
     verb_source_list},
    {"domain",
     "add",
     "DOMAIN",
     "claim a mail domain; shows the TXT record that proves it",
     org_options,
     {"gatepost domain add example.org", "gatepost domain add bücher.example --org acme"},
     VERB_EXIT(APP_NOT_FOUND) | VERB_EXIT(APP_REFUSED) | VERB_EXIT(APP_UNREACHABLE),
     0,
     verb_domain_add},
    {"domain",
     "verify",
     "DOMAIN",
     "look the TXT record up",
     domain_verify_options,
     {"gatepost domain verify example.org", "gatepost domain verify example.org --trust"},
     VERB_EXIT(APP_NOT_FOUND) | VERB_EXIT(APP_REFUSED) | VERB_EXIT(APP_UNREACHABLE),
     0,
     verb_domain_verify},
    {"domain",
     "list",
     "",
     "all domains of an organisation",
     org_options,
     {"gatepost domain list", "gatepost domain list --json"},
     VERB_EXIT(APP_NOT_FOUND) | VERB_EXIT(APP_UNREACHABLE),
     0,
     verb_domain_list},
    {"scim-token",
     "create",
     "",
     "make a token; it is shown this once",
     token_create_options,
     {"gatepost scim-token create --source Okta --name \"Okta prod\"",
      "gatepost scim-token create --name test --strict --days 7 --cidr 203.0.113.0/24"},
     VERB_EXIT(APP_NOT_FOUND) | VERB_EXIT(APP_REFUSED) | VERB_EXIT(APP_UNREACHABLE),
     0,
     verb_scim_token_create,
     scim_token_create_help},
    {"scim-token",
     "list",
     "",
     "all tokens: state, expiry, last use",
     org_options,
     {"gatepost scim-token list", "gatepost scim-token list --json"},
     VERB_EXIT(APP_NOT_FOUND) | VERB_EXIT(APP_UNREACHABLE),
     0,
     verb_scim_token_list},
    {"scim-token",
     "rotate",
     "ID",
     "make a successor; the old one works a while longer",
     token_rotate_options,
     {"gatepost scim-token rotate 3", "gatepost scim-token rotate 3 --overlap 72"},
     VERB_EXIT(APP_NOT_FOUND) | VERB_EXIT(APP_REFUSED) | VERB_EXIT(APP_UNREACHABLE),
     0,
     verb_scim_token_rotate},
    {"scim-token",
     "revoke",
     "ID",
     "end a token at once",
     org_options,
     {"gatepost scim-token revoke 3", "gatepost scim-token revoke 3 --yes"},
     VERB_EXIT(APP_NOT_FOUND) | VERB_EXIT(APP_REFUSED) | VERB_EXIT(APP_UNREACHABLE),
     VERB_ASKS,
     verb_scim_token_revoke},
    {"user",
     "list",
     "",
     "the people, in the order they arrived",
     user_list_options,
     {"gatepost user list", "gatepost user list --filter ada --limit 10"},
     VERB_EXIT(APP_NOT_FOUND) | VERB_EXIT(APP_UNREACHABLE),
     0,
     verb_user_list},
    {"user",
     "show",
     "NAME",
     "one person by id, userName or externalId",
     org_options,
     {"gatepost user show ada@example.org", "gatepost user show ada@example.org --json"},
     VERB_EXIT(APP_NOT_FOUND) | VERB_EXIT(APP_UNREACHABLE),
     0,
     verb_user_show},
    {"user",
     "contain",
     "PERSON",
     "shut every door to a person's mail at once, without the identity provider",
     user_contain_options,
     {"gatepost user contain eve@example.org --why \"laptop stolen\"",
      "gatepost user contain eve@example.org --why \"case 17\" --org acme"},
     VERB_EXIT(APP_NOT_FOUND) | VERB_EXIT(APP_UNREACHABLE),
     0,
     verb_user_contain},
    {"user",
     "release",
     "PERSON",
     "end a containment; everything is as it was",
     org_options,
     {"gatepost user release eve@example.org", "gatepost user release eve@example.org --json"},
     VERB_EXIT(APP_NOT_FOUND) | VERB_EXIT(APP_UNREACHABLE),
     0,
     verb_user_release},
    {"group",
     "list",
     "",
     "the groups, in the order they arrived",
     group_list_options,
     {"gatepost group list", "gatepost group list --json"},
     VERB_EXIT(APP_NOT_FOUND) | VERB_EXIT(APP_UNREACHABLE),
     0,
     verb_group_list},
    {"group",
     "show",
     "NAME",
     "one group by id or displayName",
     org_options,
     {"gatepost group show mail-users", "gatepost group show mail-users --json"},
     VERB_EXIT(APP_NOT_FOUND) | VERB_EXIT(APP_UNREACHABLE),
     0,
     verb_group_show},
    {"version",
     NULL,
     "",
     "the version, and those of the libraries that are loaded",
     NULL,
     {"gatepost version", "gatepost version --json"},
     0,
     0,
     verb_version},
    {NULL},
};

/* In the order of the help; a noun's rows are in one of them. */
static const Verb *const sections[] = {table, verbs_sync, verbs_drivers, verbs_doors, verbs_saml, verbs_web, verbs_stack};

const Verb *verbs_first(void) {
  return sections[0];
}

static gboolean in_section(const Verb *section, const Verb *verb) {
  for (; section->noun != NULL; section++)
    if (section == verb)
      return TRUE;
  return FALSE;
}

const Verb *verbs_next(const Verb *verb) {
  if (verb[1].noun != NULL)
    return verb + 1;
  for (gsize i = 0; i + 1 < G_N_ELEMENTS(sections); i++)
    if (in_section(sections[i], verb))
      return sections[i + 1];
  return NULL;
}

const char *verbs_noun_help(const char *noun) {
  for (const NounHelp *row = nouns; row->noun != NULL; row++)
    if (strcmp(row->noun, noun) == 0)
      return row->help;
  return NULL;
}
