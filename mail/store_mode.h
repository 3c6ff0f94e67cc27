/* Authentication modes in the database; the steps to undo are the audit records themselves. */
#pragma once

#include "mail/mode.h"

json_t *mail_store_mode_show(const MailScope *scope, GError **error);
json_t *mail_store_mode_set(const MailScope *scope, const MailModeTarget *target, const char *mode,
                            GError **error);
json_t *mail_store_mode_undo(const MailScope *scope, GError **error);
