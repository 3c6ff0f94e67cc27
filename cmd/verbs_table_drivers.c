#include "cmd/mail_events.h"
#include "cmd/verbs_table.h"

static const VerbOption run_options[] = {
    {"once", NULL, "end at the end of the file, and say what was read"},
    {NULL},
};

const Verb verbs_drivers[] = {
    {"mail-events",
     "run",
     "FILE",
     "read Dovecot's event log while it is written, and record each access to a mailbox once",
     run_options,
     {"gatepost mail-events run /var/log/dovecot-info.log",
      "gatepost mail-events run --once /var/log/dovecot-info.log"},
     VERB_EXIT(APP_NOT_FOUND) | VERB_EXIT(APP_REFUSED) | VERB_EXIT(APP_UNREACHABLE),
     0,
     verb_mail_events_run},
    {NULL},
};
