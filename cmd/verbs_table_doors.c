#include "cmd/verbs_table.h"

#include "cmd/admin.h"
#include "cmd/pat.h"

static const VerbOption pat_create_options[] = {
    {"name", "NAME", "what the owner calls it: the device or program"},
    {"service", "ADDRESS", "instead of PERSON: a device of its own that may only send, as this address"},
    {"protocols", "LIST", "imap, pop3, smtp, sieve, dav (default: imap,pop3,smtp,sieve)"},
    {"cidr", "NETWORK", "only from there; may be repeated"},
    {"days", "N", "until it expires, or none (default: the organisation's)"},
    ADMIN_OPTION_ORG,
    {NULL},
};

static const VerbOption pat_list_options[] = {
    {"unused", NULL, "live ones that were not used for 90 days"},
    {"expiring", NULL, "live ones that end within 30 days"},
    ADMIN_OPTION_ORG,
    {NULL},
};

static const VerbOption pat_revoke_options[] = {
    {"all-of", "PERSON", "all live ones of this person"},
    {"why", "TEXT", "kept with it, and in the record"},
    ADMIN_OPTION_ORG,
    {NULL},
};

static const VerbOption org_options[] = {ADMIN_OPTION_ORG, {NULL}};

#define USUAL_EXITS (VERB_EXIT(APP_NOT_FOUND) | VERB_EXIT(APP_REFUSED) | VERB_EXIT(APP_UNREACHABLE))

const Verb verbs_doors[] = {
    {"pat",
     "create",
     "[PERSON]",
     "make a token for one mail program; it is shown this once",
     pat_create_options,
     {"gatepost pat create ada@example.org --name \"Thunderbird on Ada's laptop\"",
      "gatepost pat create --service scanner@example.org --name \"Scanner, 2nd floor\" --cidr 192.0.2.40"},
     USUAL_EXITS,
     0,
     verb_pat_create},
    {"pat",
     "list",
     "[PERSON]",
     "tokens: state, expiry, last use",
     pat_list_options,
     {"gatepost pat list ada@example.org", "gatepost pat list --unused --json"},
     VERB_EXIT(APP_NOT_FOUND) | VERB_EXIT(APP_UNREACHABLE),
     0,
     verb_pat_list},
    {"pat",
     "rename",
     "ID NAME",
     "call a token something else",
     org_options,
     {"gatepost pat rename 7 \"Old laptop\"", "gatepost pat rename 7 Phone --org acme"},
     VERB_EXIT(APP_NOT_FOUND) | VERB_EXIT(APP_UNREACHABLE),
     0,
     verb_pat_rename},
    {"pat",
     "revoke",
     "[ID...]",
     "end tokens at once, all of them or none",
     pat_revoke_options,
     {"gatepost pat revoke 7 9 --why \"laptop stolen\"",
      "gatepost pat revoke --all-of ada@example.org --yes"},
     USUAL_EXITS,
     VERB_ASKS,
     verb_pat_revoke},
    {NULL},
};
