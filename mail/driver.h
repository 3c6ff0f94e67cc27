/* A mail store as the worker sees it: the calls that make one mailbox match its row. Each is idempotent: asked twice it does no
 * harm, and "already so" is success. The choice of driver is made at run time by mail_backend.kind, hence the table. Every
 * call ends by its deadline. Nothing here touches the database. */
#pragma once

#include <glib.h>

/* The mailbox as it shall be. */
typedef struct {
  const char *org, *mailbox_id;
  const char *address;        /* canonical */
  const char *former_address; /* of a rename; NULL */
  gboolean open;              /* may its owner sign in? */
  gint64 quota_bytes;         /* 0: none */
  const char *const *aliases; /* NULL-terminated */
  gint64 generation;          /* the row's desired_gen: a store of its own may ignore an older one */
} MailTarget;

typedef enum {
  MAIL_DRIVER_ERROR_AWAY,    /* refused, timed out, breaker: try again later */
  MAIL_DRIVER_ERROR_UNCLEAR, /* an answer that says neither yes nor no: verify, then try again */
  MAIL_DRIVER_ERROR_REFUSED, /* the store says no, with its words: an admin must look */
  MAIL_DRIVER_ERROR_CONFIG,  /* wrong key, wrong URL */
} MailDriverErrorCode;
#define MAIL_DRIVER_ERROR (mail_driver_error_quark())
GQuark mail_driver_error_quark(void);

/* What the store says of a mailbox. */
typedef struct {
  gboolean exists;
  gint64 messages, bytes; /* -1: it does not tell */
  guint sessions;         /* live ones, all protocols */
} MailReport;

#define MAIL_DRIVER_CALLS 4 /* at once to one store, from one worker */

/* A mailbox as the store itself lists it; -1, NULL: it does not tell. */
typedef struct {
  char *login; /* as the store spells it */
  char *home;
  char *mail;         /* where its mail lies, in the store's own words */
  gint64 uid, gid;    /* owner of the mail on disk */
  gint64 quota_bytes; /* 0: none */
} MailListed;
void mail_listed_free(MailListed *listed);

typedef struct MailDriver MailDriver; /* process lifetime; thread-safe */

typedef struct {
  const char *kind; /* "dovecot" */
  /* urls: separated by a blank where the kind knows stores of several nodes; then every node must say yes, and one that is
   * away does not keep the others waiting. */
  MailDriver *(*open)(const char *urls, const char *secret, GError **error);
  void (*close)(MailDriver *driver);
  /* Makes the mailbox exist and be open or shut as the target says; verified before it returns TRUE. For a shut one all live sessions are
   * ended: flush caches, kick, look, kick again, at most five rounds. */
  gboolean (*apply)(MailDriver *driver, const MailTarget *target, gint64 deadline, GError **error);
  /* Ends the live sessions of one login; *ended (may be NULL) counts. */
  gboolean (*cut)(MailDriver *driver, const char *address, gint64 deadline, guint *ended, GError **error);
  gboolean (*look)(MailDriver *driver, const char *address, gint64 deadline, MailReport *report,
                   GError **error);
  /* Destroys its mail. Only ever called for an approved purge. */
  gboolean (*purge)(MailDriver *driver, const char *address, gint64 deadline, GError **error);
  /* Those below are NULL in a kind of store that does not list. They change nothing. */
  /* TRUE when it has all of these mailboxes: what apply sees to for one that is open and was not renamed, asked of many at once. */
  gboolean (*finds)(MailDriver *driver, const char *const *addresses, gint64 deadline, GError **error);
  /* Every mailbox, whoever made it: appends a MailListed * for each, in no order, some perhaps twice. */
  gboolean (*list)(MailDriver *driver, gint64 deadline, GPtrArray *listed, GError **error);
  /* Adds the logins with live sessions to a set that owns its texts (g_str_hash, g_free). */
  gboolean (*online)(MailDriver *driver, gint64 deadline, GHashTable *logins, GError **error);
} MailDriverKind;

/* NULL when there is no such kind. */
const MailDriverKind *mail_driver_find(const char *kind);
