/* What an admin's commands do with mail groups, mailboxes, mail stores and held changes. JSON objects are what --json prints;
 * new references. Functions that change run in one transaction with their audit record; plan: roll everything back. */
#pragma once

#include <jansson.h>

#include "mail/scope.h"
#include "mail/sync.h"

/* What a mail group's template may be set to; what is not given (NULL, -1) stays as it is, or has its default. */
typedef struct {
  gint64 quota_bytes;    /* -1: not given; 0: none */
  const char *protocols; /* "imap,smtp", checked */
  const char *rule, *domain, *backend, *list, *mode;
  int aliases, deliver_disabled; /* -1: not given */
  gint64 priority;               /* -1: not given */
} MailGroupOptions;
#define MAIL_GROUP_OPTIONS_INIT \
  { .quota_bytes = -1, .aliases = -1, .deliver_disabled = -1, .priority = -1 }

json_t *mail_admin_groups(const MailScope *scope, GError **error);
json_t *mail_admin_group_add(const MailScope *scope, const char *group, const MailGroupOptions *options,
                             gboolean plan, GError **error);
json_t *mail_admin_group_set(const MailScope *scope, const char *group, const MailGroupOptions *options,
                             gboolean plan, GError **error);
/* {"group", "mailboxes"}: how many mailboxes follow it. */
json_t *mail_admin_group_remove(const MailScope *scope, const char *group, gboolean plan, GError **error);

/* Mailboxes of the organisation, by address, from after `after` (NULL: from the first) on. */
json_t *mail_admin_mailboxes(const MailScope *scope, const char *after, gint64 limit, GError **error);
json_t *mail_admin_mailbox(const MailScope *scope, const char *address, GError **error);
/* The mailbox of a person in `user show`'s words; json_null when there is none. */
json_t *mail_admin_mailbox_of(const MailScope *scope, const char *user_id, GError **error);
/* quota_bytes: -1 back to the template's, 0 none. */
json_t *mail_admin_mailbox_quota(const MailScope *scope, const char *address, gint64 quota_bytes,
                                 gboolean plan, GError **error);
json_t *mail_admin_pair(const MailScope *scope, const char *address, const char *person, gboolean plan,
                        GError **error);
/* Takes existing mailboxes over. Each address is matched: exact (the address the person shall have), alias (another of their
 * e-mails), unsure (two people, or its mail could not be served as it lies), none. addresses NULL: those that mail_scan_run found. {"mailboxes": [{address, match,
 * person}], counts} */
json_t *mail_admin_adopt(const MailScope *scope, const char *const *addresses, const char *backend,
                         gboolean plan, GError **error);

json_t *mail_admin_backends(const MailScope *scope, GError **error);
typedef struct {
  const char *name, *kind;
  const char *url;                /* of a cluster those of all nodes, separated by a blank */
  const char *secret_file, *home; /* home NULL: the default */
  gint64 uid, gid;                                    /* -1: the default */
} MailBackendOptions;
json_t *mail_admin_backend_add(const MailScope *scope, const MailBackendOptions *options, GError **error);

json_t *mail_admin_held(const MailScope *scope, GError **error);
json_t *mail_admin_history(const MailScope *scope, gint64 limit, GError **error);
/* ids NULL: all, but nothing that destroys mail is approved unless named. approve: they are done; else they are not, and inactive
 * people's sign-ins are lent. {"approved", "purges_left"} or {"rejected"} */
json_t *mail_admin_decide(const MailScope *scope, const char *const *ids, gboolean approve, GError **error);
/* *was FALSE: it already stood so. */
gboolean mail_admin_pause(const MailScope *scope, gboolean pause, gboolean *was, GError **error);
/* {"managed", "lost", "cap", "held", "unmanaged", "paused"} */
json_t *mail_admin_guard(const MailScope *scope, GError **error);

/* GP codes of this half of the room; explained in lib/explain.c. */
enum {
  GP_MAIL_COLLIDE = 4201,
  GP_MAIL_DOMAIN = 4202,
  GP_MAIL_MAILBOX = 4203,
  GP_MAIL_BACKEND = 4204,
  GP_MAIL_GROUP_NOT = 4205,
  GP_MAIL_GROUP_TWICE = 4206,
  GP_MAIL_PAIRED = 4207,
  GP_MAIL_UNFIT = 4208,
  GP_MAIL_VANISHED = 4301,
  GP_MAIL_CAP = 4302,
  GP_MAIL_NO_HELD = 4303,
  GP_MAIL_PAUSED = 4304,
  GP_MAIL_STORE = 4305,
  GP_MAIL_WAITING = 4306,
};
