/* The access rules of an organisation: set, listed, tried out on one sign-in, replayed over the last seven days. The decision
 * itself is the database's function mail_rule_decide; nothing here decides. */
#pragma once

#include "mail/person.h"
#include "mail/rule.h"

typedef struct {
  gboolean lock_out; /* it is meant to lock people out */
  gboolean plan;     /* leave nothing behind */
} MailRuleHow;

/* Sets a completed rule; the same name replaces. {rule, replaced, locks_out: [protocols, or "everybody"], would_refuse: replay}.
 * NULL with REFUSED when it locks out, NOT_FOUND when it names nobody. */
json_t *mail_rules_set(const MailScope *scope, const json_t *rule, const MailRuleHow *how, GError **error);
/* {name, locks_out, would_refuse}. */
json_t *mail_rules_remove(const MailScope *scope, const char *name, const MailRuleHow *how, GError **error);
/* Array of rules, deny first, in the order in which they are asked. */
json_t *mail_rules_list(const MailScope *scope, GError **error);

typedef struct {
  const MailPerson *person;
  const char *protocol, *ip; /* canonical */
  gint64 token_id;           /* 0: none */
  const char *at;            /* RFC 3339; NULL: now */
} MailRuleTry;
/* {user, protocol, ip, at, effect, rule, message, door, mode, rules: [{name, effect, decides, matches, why_not}]}. */
json_t *mail_rules_test(const MailScope *scope, const MailRuleTry *try, GError **error);

/* Whom a rule would have refused in the last seven days: {rule, looked_at, complete, refused: [{user, protocol, ip, client,
 * times, last, by}]}. By the name of a rule that is set, or a completed rule that is not. */
json_t *mail_rules_replay(const MailScope *scope, const char *name, GError **error);
json_t *mail_rules_replay_new(const MailScope *scope, const json_t *rule, GError **error);
