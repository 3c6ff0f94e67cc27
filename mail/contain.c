#include "mail/contain.h"

#include "mail/error.h"
#include "mail/store_contain.h"

static json_t *set(const MailScope *scope, const MailPerson *person, const char *why, GError **error) {
  if (person->mailbox_id != NULL)
    return mail_store_contain(scope, person, why, error);
  mail_error_set(error, MAIL_ERROR_NOT_FOUND, GP_MAIL_NO_MAILBOX, "%s has no mailbox", person->user_name);
  return NULL;
}

json_t *mail_contain(const MailScope *scope, const MailPerson *person, const char *why, GError **error) {
  return set(scope, person, why, error);
}

json_t *mail_release(const MailScope *scope, const MailPerson *person, GError **error) {
  return set(scope, person, NULL, error);
}
