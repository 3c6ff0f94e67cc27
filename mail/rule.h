/* An access rule as it is written: in a file, by options, in `rule list --json`. Pure. A rule is a JSON object with all of these
 * members: name, about, effect ("allow", "deny"), actions, not_actions (protocols), cidrs, not_cidrs, users, not_users, groups,
 * not_groups (names or ids), tokens (numbers), days (1 Monday … 7 Sunday), from, to ("08:00" or null), zone, message (or null). */
#pragma once

#include <jansson.h>

#include "lib/jsontext.h"

#define MAIL_RULE_LIST_MAX 1024
#define MAIL_RULE_BYTES 262144 /* of a file */

/* Checks and completes what was given: canonical networks and protocols, every member there. New reference; NULL with INPUT. */
json_t *mail_rule_complete(const json_t *given, GError **error);
/* A file's text. NULL with INPUT. */
json_t *mail_rule_read(const char *text, gsize n, GError **error);
/* "mon-fri,sun" as [1,2,3,4,5,7]; a range may go over Sunday. NULL when it is none. */
json_t *mail_rule_days(const char *text);
/* "8:00", "08:00" into minutes; 24:00 is not a time of day. */
gboolean mail_rule_time(const char *text, int *minutes);

/* What a rule asks, as the database found it. */
typedef struct {
  gboolean action, ip, user, group, token, time;
} MailRuleFit;
/* "is for other protocols", … joined by "; "; NULL when all fit. Free with g_free. */
char *mail_rule_why_not(const MailRuleFit *fit);
