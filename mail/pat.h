/* Personal access tokens: what a mail program uses as password, one for each program; and service tokens, which belong to a
 * device without a person and may only send. The secret leaves mail_pat_create and nothing else. */
#pragma once

#include <jansson.h>

#include "mail/person.h"
#include "mail/token.h"

/* What is asked for. Borrowed. */
typedef struct {
  const char *name;             /* 1 to 64 characters, none of the controls and <>`\ */
  const MailPerson *owner;      /* NULL: a service token for `login` */
  const char *login;            /* the address a service signs in as and may send from, canonical */
  const char *const *protocols; /* NULL-terminated; empty: imap, pop3, smtp, sieve; smtp for a service */
  const char *const *cidrs;     /* canonical, NULL-terminated; empty: from anywhere */
  gint64 days;                  /* 0: as the organisation has it; MAIL_PAT_FOREVER */
} MailPatWish;
#define MAIL_PAT_FOREVER (-1)
#define MAIL_PAT_NAME_CHARACTERS 64

/* The organisation's bounds; mail_setting, or its defaults. */
typedef struct {
  gboolean enabled, unlimited;
  gint64 default_days, max_days, per_person;
} MailPatBounds;

/* Pure checks. FALSE with INPUT or REFUSED. *days gets the lifetime; MAIL_PAT_FOREVER for none. */
gboolean mail_pat_name(const char *name, GError **error);
gboolean mail_pat_bounds(const MailPatBounds *bounds, gint64 live, gint64 wanted, gint64 *days,
                         GError **error);
/* "imap,smtp" into names, each once; FALSE with INPUT. Free with g_strfreev. */
gboolean mail_pat_protocols(const char *text, char ***protocols, GError **error);

/* The new token as JSON (see mail_pat_list), its secret in `secret`, which the caller wipes. NULL with an error. */
json_t *mail_pat_create(const MailScope *scope, const MailPatWish *wish, char secret[MAIL_TOKEN_TEXT_BYTES],
                        GError **error);

typedef struct {
  const char *user_id; /* NULL: everybody, and services */
  gboolean unused;     /* live, never or not for 90 days */
  gboolean expiring;   /* live, ends within 30 days */
} MailPatFilter;
/* Array of {id, name, person, login, hint, state (active, dormant, expired, revoked), protocols, cidrs, created, created_by,
 * expires, revoked, revoked_why, last_used, last_used_ip, last_used_protocol, last_used_client, clients}. */
json_t *mail_pat_list(const MailScope *scope, const MailPatFilter *filter, GError **error);
gboolean mail_pat_rename(const MailScope *scope, gint64 token_id, const char *name, GError **error);
/* Ends all n at once, or none: FALSE with NOT_FOUND, or REFUSED when one was revoked before. */
gboolean mail_pat_revoke(const MailScope *scope, const gint64 *token_ids, gsize n, const char *why,
                         GError **error);
/* Ends all live ones of a person; *n counts. */
gboolean mail_pat_revoke_all(const MailScope *scope, const char *user_id, const char *why, gint64 *n,
                             GError **error);
