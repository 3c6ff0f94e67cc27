/* The words of notices. Pure. */
#pragma once

#include <jansson.h>

#include "mail/notice.h"

/* Adds subject and body to what the database found: name, address, help; of tokens: token, stage, ends, protocols, clients. */
void mail_notice_write(MailNoticeKind kind, const char *date, json_t *notice);
