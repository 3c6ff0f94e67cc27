#include "mail/subject.h"

#include <string.h>

#include "lib/jsontext.h"

MailAddressRule mail_rule_parse(const char *name) {
  if (g_strcmp0(name, "primaryEmail") == 0)
    return MAIL_RULE_PRIMARY_EMAIL;
  return g_strcmp0(name, "localPart") == 0 ? MAIL_RULE_LOCAL_PART : MAIL_RULE_USER_NAME;
}

void mail_template_free(MailTemplate *item) {
  if (item == NULL)
    return;
  g_free(item->group_id);
  g_free(item->group_name);
  g_free(item->domain);
  g_free(item->protocols);
  g_free(item->backend);
  g_free(item->home);
  g_free(item);
}

void mail_member_clear(MailMember *person) {
  g_free(person->user_id);
  g_free(person->user_name);
  g_free(person->primary_email);
  g_strfreev(person->emails);
  *person = (MailMember){0};
}

void mail_found_clear(MailFound *found) {
  g_free(found->mailbox_id);
  g_free(found->address);
  g_free(found->protocols);
  g_strfreev(found->aliases);
  *found = (MailFound){0};
}

void mail_taken_free(MailTaken *taken) {
  if (taken == NULL)
    return;
  g_free(taken->mailbox_id);
  g_free(taken->who);
  g_free(taken);
}

void mail_member_read(MailMember *person, const char *doc) {
  g_autoptr(json_t) tree = doc != NULL ? json_loads(doc, 0, NULL) : NULL;
  g_autoptr(GStrvBuilder) emails = g_strv_builder_new();
  const char *primary = NULL;
  size_t i;
  json_t *email;
  json_array_foreach(json_object_get(tree, "emails"), i, email) {
    const char *value = json_string_value(json_object_get(email, "value"));
    if (value == NULL)
      continue;
    g_strv_builder_add(emails, value);
    if (primary == NULL || json_is_true(json_object_get(email, "primary")))
      primary = value;
  }
  g_free(person->primary_email);
  g_strfreev(person->emails);
  person->primary_email = g_strdup(primary);
  person->emails = g_strv_builder_end(emails);
}
