/* Containment in the database. */
#pragma once

#include "mail/contain.h"

/* why NULL: release. */
json_t *mail_store_contain(const MailScope *scope, const MailPerson *person, const char *why, GError **error);
