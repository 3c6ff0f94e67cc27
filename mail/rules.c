#include "mail/rules.h"

#include "lib/text.h"
#include "mail/error.h"
#include "mail/store_rule.h"
#include "mail/store_rule_try.h"

/* Names become ids, in a copy. NULL with NOT_FOUND. */
static gboolean resolve(const MailScope *scope, json_t *rule, const char *member, gboolean group,
                        GError **error) {
  json_t *names = json_object_get(rule, member), *ids = json_array(), *value;
  gsize i;
  json_array_foreach(names, i, value) {
    g_autoptr(MailPerson) person = group ? NULL : mail_person_find(scope, json_string_value(value), error);
    g_autofree char *group_id = group ? mail_person_group(scope, json_string_value(value), error) : NULL;
    const char *id = group ? group_id : person != NULL ? person->user_id : NULL;
    if (id == NULL) {
      json_decref(ids);
      return FALSE;
    }
    json_array_append_new(ids, json_string(id));
  }
  json_object_set_new(rule, member, ids);
  return TRUE;
}

static json_t *resolved(const MailScope *scope, const json_t *rule, GError **error) {
  g_autoptr(json_t) copy = json_deep_copy(rule);
  if (!resolve(scope, copy, "users", FALSE, error) || !resolve(scope, copy, "not_users", FALSE, error) ||
      !resolve(scope, copy, "groups", TRUE, error) || !resolve(scope, copy, "not_groups", TRUE, error) ||
      !mail_store_rule_zone(scope, json_string_value(json_object_get(copy, "zone")), error))
    return NULL;
  return g_steal_pointer(&copy);
}

json_t *mail_rules_set(const MailScope *scope, const json_t *rule, const MailRuleHow *how, GError **error) {
  g_autoptr(json_t) ready = resolved(scope, rule, error);
  return ready == NULL ? NULL : mail_store_rule_set(scope, ready, how, error);
}

json_t *mail_rules_remove(const MailScope *scope, const char *name, const MailRuleHow *how, GError **error) {
  return mail_store_rule_remove(scope, name, how, error);
}

json_t *mail_rules_list(const MailScope *scope, GError **error) {
  return mail_store_rule_list(scope, error);
}

static json_t *explained(const json_t *row) {
  MailRuleFit fit = {.action = json_is_true(json_object_get(row, "action_fits")),
                     .ip = json_is_true(json_object_get(row, "ip_fits")),
                     .user = json_is_true(json_object_get(row, "user_fits")),
                     .group = json_is_true(json_object_get(row, "group_fits")),
                     .token = json_is_true(json_object_get(row, "token_fits")),
                     .time = json_is_true(json_object_get(row, "time_fits"))};
  g_autofree char *why_not = mail_rule_why_not(&fit);
  return json_pack("{s:O, s:O, s:O, s:b, s:s?}", "name", json_object_get(row, "name"), "effect",
                   json_object_get(row, "effect"), "decides", json_object_get(row, "decides"), "matches",
                   why_not == NULL, "why_not", why_not);
}

json_t *mail_rules_test(const MailScope *scope, const MailRuleTry *try, GError **error) {
  json_t *found = mail_store_rule_test(scope, try, error);
  if (found == NULL)
    return NULL;
  json_t *rules = json_array(), *row;
  gsize i;
  json_array_foreach(json_object_get(found, "rules"), i, row) {
    json_array_append_new(rules, explained(row));
  }
  json_object_set_new(found, "rules", rules);
  return found;
}

json_t *mail_rules_replay(const MailScope *scope, const char *name, GError **error) {
  return mail_store_rule_replay(scope, name, error);
}

json_t *mail_rules_replay_new(const MailScope *scope, const json_t *rule, GError **error) {
  static const MailRuleHow trial = {.plan = TRUE, .lock_out = TRUE};
  g_autoptr(json_t) done = mail_rules_set(scope, rule, &trial, error);
  return done == NULL ? NULL : json_incref(json_object_get(done, "would_refuse"));
}
