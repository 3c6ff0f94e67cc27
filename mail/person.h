/* Whom a command names: a person with what mail knows of them. Pure values; looked up in one place. */
#pragma once

#include "mail/scope.h"

typedef struct {
  char *user_id;    /* SCIM id */
  char *user_name;  /* userName as sent */
  char *name;       /* how to address them: displayName, else userName */
  char *mailbox_id; /* NULL: no mailbox */
  char *address;    /* of the mailbox; NULL */
  gboolean active;  /* in the directory */
} MailPerson;

void mail_person_free(MailPerson *person);
/* By id, userName, externalId, or an address that delivers to them. NULL with NOT_FOUND. */
MailPerson *mail_person_find(const MailScope *scope, const char *name, GError **error);
/* A group's id by id or displayName. NULL with NOT_FOUND. Free with g_free. */
char *mail_person_group(const MailScope *scope, const char *name, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(MailPerson, mail_person_free)
