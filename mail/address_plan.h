/* Which addresses a person shall have: the primary one by the mail group's rule, aliases from the other e-mails. Only
 * validated addresses in verified domains of the organisation. Pure. */
#pragma once

#include "mail/subject.h"

/* domains ends with NULL. Canonical; NULL with *why (static text, for people) when there is none. Free with g_free. */
char *mail_address_wanted(const MailTemplate *item, const MailMember *person, const char *const *domains,
                          const char **why);
/* Sorted, each once, without the primary. Free with g_strfreev. */
char **mail_address_aliases(const MailMember *person, const char *primary, const char *const *domains);
