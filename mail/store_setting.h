/* mail_setting in the database; the row is made, with its defaults, when first looked at. */
#pragma once

#include <jansson.h>

#include "mail/scope.h"

json_t *mail_store_setting_get(const MailScope *scope, GError **error);
json_t *mail_store_setting_set(const MailScope *scope, json_t *changes, GError **error);
