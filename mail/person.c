#include "mail/person.h"

#include "lib/text.h"
#include "mail/error.h"
#include "mail/store_person.h"

void mail_person_free(MailPerson *person) {
  if (person == NULL)
    return;
  g_free(person->user_id);
  g_free(person->user_name);
  g_free(person->name);
  g_free(person->mailbox_id);
  g_free(person->address);
  g_free(person);
}

MailPerson *mail_person_find(const MailScope *scope, const char *name, GError **error) {
  g_autofree char *key = text_key(name);
  g_autoptr(MailPerson) person = NULL;
  if (!mail_store_person(scope, name, key, &person, error))
    return NULL;
  if (person != NULL)
    return g_steal_pointer(&person);
  g_autofree char *quoted = text_quote(name);
  mail_error_set(error, MAIL_ERROR_NOT_FOUND, GP_MAIL_NO_PERSON, "there is no person \"%s\"", quoted);
  return NULL;
}

char *mail_person_group(const MailScope *scope, const char *name, GError **error) {
  g_autofree char *key = text_key(name), *group_id = NULL;
  if (!mail_store_person_group(scope, name, key, &group_id, error))
    return NULL;
  if (group_id != NULL)
    return g_steal_pointer(&group_id);
  g_autofree char *quoted = text_quote(name);
  mail_error_set(error, MAIL_ERROR_NOT_FOUND, GP_MAIL_NO_GROUP, "there is no group \"%s\"", quoted);
  return NULL;
}
