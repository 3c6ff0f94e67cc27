/* What a plan is made from: a person as the directory has them, the template of the mail group they are in, and the mailbox
 * that was found. Plain values that own their texts; freed by the clear functions. */
#pragma once

#include <glib.h>

typedef enum { MAIL_RULE_USER_NAME, MAIL_RULE_PRIMARY_EMAIL, MAIL_RULE_LOCAL_PART } MailAddressRule;

/* A designated group and what its members get. */
typedef struct {
  gint64 mail_group_id;
  char *group_id, *group_name;
  char *domain;
  char *protocols; /* "imap,pop3": compared as it stands */
  char *backend;
  char *home;         /* the back end's pattern */
  gint64 quota_bytes; /* 0: none */
  MailAddressRule rule;
  gboolean aliases, deliver_disabled;
} MailTemplate;

typedef struct {
  char *user_id;  /* NULL: the mailbox has no person */
  gboolean known;   /* in the directory now */
  gboolean deleted; /* the directory said so: there is a tombstone. Neither: nothing follows from it */
  gboolean active;
  char *user_name;
  char *primary_email; /* the one marked so, else the first; NULL: none */
  GStrv emails;        /* all; may be NULL */
} MailMember;

typedef struct {
  char *mailbox_id; /* NULL: none */
  char *address;
  gboolean managed; /* made or adopted: only these are ever changed */
  gboolean disabled, pinned, open, contained;
  gboolean held;        /* its disabling waits for an admin */
  gboolean returns;     /* was the same person's, who was deleted and is here again under another id */
  gint64 lent_until_us; /* 0: not lent */
  gint64 mail_group_id; /* 0: none */
  gint64 quota_bytes;
  char *protocols;
  gboolean deliver_disabled;
  GStrv aliases; /* sorted; may be NULL */
} MailFound;

/* Who has an address now. */
typedef struct {
  gboolean passing; /* former or resting: not for ever */
  gboolean resting; /* free for others after until_us; a former one rests first */
  char *mailbox_id; /* NULL: a list */
  char *who;        /* the mailbox's address or the list's group, for people */
  gint64 until_us;
} MailTaken;

MailAddressRule mail_rule_parse(const char *name); /* what the column allows */
void mail_template_free(MailTemplate *item);
void mail_member_clear(MailMember *person);
void mail_found_clear(MailFound *found);
void mail_taken_free(MailTaken *taken);

/* Fills emails and primary_email from a resource's JSON text. Texts that are no addresses are kept as they are. */
void mail_member_read(MailMember *person, const char *doc);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(MailMember, mail_member_clear)
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(MailFound, mail_found_clear)
