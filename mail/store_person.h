/* People and groups as mail's commands look them up. */
#pragma once

#include "mail/person.h"

/* *person stays NULL when there is none. key: the folded name; may be NULL. */
gboolean mail_store_person(const MailScope *scope, const char *name, const char *key, MailPerson **person,
                           GError **error);
gboolean mail_store_person_group(const MailScope *scope, const char *name, const char *key, char **group_id,
                                 GError **error);
