/* What an existing Dovecot's settings mean to gatepost: what fits, what to look at, what clashes. Pure. */
#pragma once

#include <jansson.h>

#include "mail/doveconf.h"

typedef enum { MAIL_INSPECT_GOOD, MAIL_INSPECT_WARNING, MAIL_INSPECT_BROKEN } MailInspectState;

/* [{state: good | warning | broken, what, words, next}]; next null where nothing is to be done. *worst: of all. */
json_t *mail_inspect(const Doveconf *doveconf, MailInspectState *worst);
