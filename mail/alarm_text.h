/* The words of a letter about held changes. Pure. */
#pragma once

#include <jansson.h>

/* Adds subject and body to what the database found: org, option (" --org NAME" or ""), action ("purge" or another), held, vanished,
 * inactive, scope, since, lend_hours, retention_days, people [{address, person, cause}]. held 0: a trial. */
void mail_alarm_write(json_t *notice);
