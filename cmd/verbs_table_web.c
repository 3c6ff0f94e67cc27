#include "cmd/verbs_table.h"

#include "cmd/admin.h"
#include "cmd/session.h"

static const VerbOption session_list_options[] = {ADMIN_OPTION_ORG, {NULL}};

static const VerbOption session_revoke_options[] = {
    {"all-of", "PERSON", "all sessions of this person"},
    ADMIN_OPTION_ORG,
    {NULL},
};

const Verb verbs_web[] = {
    {"session",
     "list",
     "[PERSON]",
     "where people are signed in with a browser, the latest first",
     session_list_options,
     {"gatepost session list ada@example.org", "gatepost session list --json"},
     VERB_EXIT(APP_NOT_FOUND) | VERB_EXIT(APP_UNREACHABLE),
     0,
     verb_session_list},
    {"session",
     "revoke",
     "[ID...]",
     "end sessions at once; the browser must sign in anew",
     session_revoke_options,
     {"gatepost session revoke --all-of ada@example.org",
      "gatepost session revoke 0b8b5c57-93a6-4d2f-9f7e-3f6a1c2d4e5f"},
     VERB_EXIT(APP_NOT_FOUND) | VERB_EXIT(APP_UNREACHABLE),
     0,
     verb_session_revoke},
    {NULL},
};
