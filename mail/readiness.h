/* Who signs in to mail how: by token, by webmail, still by password; from what the sign-ins themselves recorded. */
#pragma once

#include <jansson.h>

#include "mail/scope.h"

/* {days, counts: {ready, both, password, silent}, people: [{user, address, state, tokens, by_token, by_webmail, by_password, last,
 * client, ip}]}: times of each kind, and the last sign-in by password, else by anything. state: ready (token or webmail alone),
 * both, password (alone), silent (nothing). */
json_t *mail_readiness(const MailScope *scope, gint64 days, GError **error);
