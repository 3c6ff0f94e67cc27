#include "cmd/verbs_table.h"

#include "cmd/admin.h"
#include "cmd/dovecot.h"
#include "cmd/postfix.h"

static const VerbOption dovecot_config_options[] = {
    {"mode", "MODE",
     "observe (default): watch, refuse nothing; both: tokens beside your passwords; only: tokens alone"},
    {"for", "VERSION", "2.3 (default) or 2.4: its wording"},
    {"part", "PART", "first, main or sql: one file of it (default: all)"},
    {"policy-url", "URL", "gatepost as Dovecot reaches it (default: from listen)"},
    {"doveadm-port", "PORT", "where Dovecot shall take gatepost's calls (default: 8080)"},
    {NULL},
};

static const VerbOption dovecot_verify_options[] = {
    {"login", "ADDRESS", "whose mailbox is signed in to; all sessions of that person are ended"},
    {"imap", "PLACE", "HOST:PORT of IMAP, in plain text (default: 127.0.0.1:143)"},
    {"pop3", "PLACE", "of POP3 (default: 127.0.0.1:110, left out where nothing listens)"},
    {"sieve", "PLACE", "of ManageSieve (default: 127.0.0.1:4190, likewise)"},
    {"submission", "PLACE", "of Postfix's submission (default: 127.0.0.1:587, likewise)"},
    {"password-file", "FILE", "that person's old password, to prove that it still works"},
    ADMIN_OPTION_ORG,
    {NULL},
};

static const VerbOption postfix_config_options[] = {
    {"part", "PART", "main, master, or one map: domains.cf, mailboxes.cf, ... (default: all)"},
    {"maps", "DIR", "folder of the maps (default: /etc/postfix/gatepost)"},
    {"lmtp", "PLACE", "Dovecot's LMTP (default: unix:private/dovecot-lmtp)"},
    {"sasl", "PLACE", "Dovecot's sign-in socket (default: private/auth)"},
    {"submission", "PORT", "where people submit by STARTTLS (default: submission)"},
    {"submissions", "PORT", "where people submit by TLS (default: submissions, which is 465)"},
    {NULL},
};

const Verb verbs_stack[] = {
    {"dovecot",
     "config",
     "",
     "what to put into Dovecot; changes nothing itself",
     dovecot_config_options,
     {"gatepost dovecot config --mode observe", "gatepost dovecot config --mode both --for 2.4 --part main"},
     VERB_EXIT(APP_REFUSED),
     0,
     verb_dovecot_config},
    {"dovecot",
     "inspect",
     "FILE",
     "what a Dovecot you have means to gatepost; reads doveconf -n, or - for standard input",
     NULL,
     {"gatepost dovecot inspect doveconf.txt", "gatepost dovecot inspect - --json"},
     VERB_EXIT(APP_NOT_FOUND),
     0,
     verb_dovecot_inspect},
    {"dovecot",
     "verify",
     "",
     "prove it with real sign-ins: makes a token, uses it, revokes it",
     dovecot_verify_options,
     {"gatepost dovecot verify --login test@example.org",
      "gatepost dovecot verify --login test@example.org --password-file ./old.txt"},
     VERB_EXIT(APP_NOT_FOUND) | VERB_EXIT(APP_REFUSED) | VERB_EXIT(APP_UNREACHABLE),
     0,
     verb_dovecot_verify},
    {"postfix",
     "config",
     "",
     "what to put into Postfix; changes nothing itself",
     postfix_config_options,
     {"gatepost postfix config", "gatepost postfix config --part mailboxes.cf"},
     VERB_EXIT(APP_REFUSED),
     0,
     verb_postfix_config},
    {NULL},
};
