/* What a pass of the worker knows of one organisation: its mail groups in order of priority, its verified domains, its
 * limits. Read at the beginning of a pass; owned by it. */
#pragma once

#include "mail/guard.h"
#include "mail/subject.h"

typedef struct {
  gint64 org_id;
  char *name;
  GPtrArray *templates; /* MailTemplate *, the wanted one first */
  GStrv domains;
  char *groups, *ranks; /* SQL arrays for scans: SCIM groups that count, with the index of their template */
  MailGuard guard;      /* lost is not filled here */
  gint64 alias_days, rest_days, grace_days, retention_days, lend_hours;
  gboolean paused;
} MailHouse;

void mail_house_free(MailHouse *house);
/* NULL for 0 and for what is no mail group now. */
const MailTemplate *mail_house_template(const MailHouse *house, gint64 mail_group_id);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(MailHouse, mail_house_free)
