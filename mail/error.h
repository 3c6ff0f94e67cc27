/* What the rules of mail refuse, for the edge that prints it. Each message ends with its GP code. */
#pragma once

#include <glib.h>

typedef enum {
  MAIL_ERROR_INPUT,     /* what was asked for cannot be */
  MAIL_ERROR_NOT_FOUND, /* no such person, token, rule */
  MAIL_ERROR_REFUSED,   /* it could, but the organisation's settings or a guard say no */
  MAIL_ERROR_AWAY,      /* a server out of reach */
  MAIL_ERROR_ROLLBACK,  /* a trial that was to leave nothing behind: not a failure */
} MailErrorCode;
#define MAIL_ERROR (mail_error_quark())
GQuark mail_error_quark(void);

/* "words (GP-nnnn)"; gp_code 0: none. */
void mail_error_set(GError **error, MailErrorCode code, int gp_code, const char *format, ...)
    G_GNUC_PRINTF(4, 5);

/* GP codes of tokens, mail programs and rules; explained in lib/explain.c. */
enum {
  GP_MAIL_NO_PAT = 5201,
  GP_MAIL_PAT_ENDED = 5202,
  GP_MAIL_PAT_OFF = 5203,
  GP_MAIL_PAT_DAYS = 5204,
  GP_MAIL_PAT_MANY = 5205,
  GP_MAIL_PAT_LOGIN = 5206,
  GP_MAIL_NO_PERSON = 5211,
  GP_MAIL_NO_MAILBOX = 5212,
  GP_MAIL_NO_GROUP = 5213,
  GP_MAIL_SETTING = 5221,
  GP_MAIL_NO_UNDO = 5222,
  GP_MAIL_SMTP = 5231,
  GP_MAIL_SENDER = 5232,
  GP_MAIL_ALARM = 5233,
  GP_MAIL_EVENTS_TWICE = 5303,
  GP_MAIL_NO_RULE = 6201,
  GP_MAIL_LOCK_OUT = 6202,
  GP_MAIL_RULE_INPUT = 6203,
};
