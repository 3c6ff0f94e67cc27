/* What an organisation wants of its mail: mail_setting by key, with the bounds of each value. The authentication mode has its
 * own noun (mail/mode.h), for it can be undone. */
#pragma once

#include <jansson.h>

#include "mail/scope.h"

/* "grace_days=7" into key (static) and value (new reference). FALSE with INPUT: no such key, or not such a value. */
gboolean mail_setting_parse(const char *assignment, const char **key, json_t **value, GError **error);
/* The keys in order; ends with NULL. */
const char *const *mail_setting_keys(void);

/* All by key. NULL with an error. */
json_t *mail_setting_get(const MailScope *scope, GError **error);
/* Sets what the object `changes` holds and records before and after. The settings as they are then; NULL with an error. */
json_t *mail_setting_set(const MailScope *scope, json_t *changes, GError **error);
