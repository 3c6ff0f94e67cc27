/* What rules mean for sign-ins: one that is made up, and those of the last seven days in the audit records. */
#pragma once

#include "mail/rules.h"

json_t *mail_store_rule_test(const MailScope *scope, const MailRuleTry *try, GError **error);
json_t *mail_store_rule_replay(const MailScope *scope, const char *name, GError **error);
/* The same inside a transaction; a name that is not set counts what no rule allows. */
json_t *mail_store_rule_replay_in(Db *db, const MailScope *scope, const char *name, GError **error);
/* Array: "everybody" when nobody could sign in from anywhere; protocols used in seven days that nobody could use now. */
json_t *mail_store_rule_locked(Db *db, const MailScope *scope, GError **error);
