/* Access rules in the database. */
#pragma once

#include "mail/rules.h"

/* Is there such a time zone? FALSE with INPUT. */
gboolean mail_store_rule_zone(const MailScope *scope, const char *zone, GError **error);
/* rule: completed, people and groups by id. */
json_t *mail_store_rule_set(const MailScope *scope, const json_t *rule, const MailRuleHow *how,
                            GError **error);
json_t *mail_store_rule_remove(const MailScope *scope, const char *name, const MailRuleHow *how,
                               GError **error);
json_t *mail_store_rule_list(const MailScope *scope, GError **error);
