/* Containment: an admin shuts every door of one person at once, without the identity provider. Tokens and mail stay; the
 * row itself refuses from the commit on, and the worker cuts what is open. */
#pragma once

#include <jansson.h>

#include "mail/person.h"

/* {user, address, contained (bool), since, by, why}. Doing it again changes nothing but the reason. NULL with NOT_FOUND when
 * the person has no mailbox. */
json_t *mail_contain(const MailScope *scope, const MailPerson *person, const char *why, GError **error);
json_t *mail_release(const MailScope *scope, const MailPerson *person, GError **error);
