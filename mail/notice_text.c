#include "mail/notice_text.h"

#include "mail/alarm_text.h"

static const char *member(const json_t *notice, const char *key) {
  const char *text = json_string_value(json_object_get(notice, key));
  return text != NULL ? text : "";
}

static char *whom_to_ask(const json_t *notice) {
  const char *help = member(notice, "help");
  return *help == '\0' ? g_strdup("Your administrator will help you.")
                       : g_strdup_printf("Whom to ask: %s", help);
}

static void put(json_t *notice, const char *subject, const char *body) {
  json_object_set_new(notice, "subject", json_string(subject));
  json_object_set_new(notice, "body", json_string(body));
}

static void switchover(const char *date, json_t *notice) {
  g_autofree char *ask = whom_to_ask(notice);
  g_autofree char *subject = g_strdup_printf("From %s your mail program needs a token", date);
  g_autofree char *body =
      g_strdup_printf("Hello %s,\n\n"
                      "from %s your normal password no longer works in mail programs: not in\n"
                      "Thunderbird, Outlook or Apple Mail, and not on phones.\n\n"
                      "What changes: each program gets a token of its own, which it uses as its\n"
                      "password. One token for each program and each phone; do not share one.\n"
                      "User name: %s\n\n"
                      "What stays: your mail, your address, your folders. Webmail is not affected;\n"
                      "there you sign in with your company account.\n\n"
                      "If you do nothing, your mail waits for you on the server, and programs say\n"
                      "that the password is wrong until they have a token.\n\n"
                      "%s\n",
                      member(notice, "name"), date, member(notice, "address"), ask);
  put(notice, subject, body);
}

static void expiry(json_t *notice) {
  json_int_t stage = json_integer_value(json_object_get(notice, "stage"));
  const char *token = member(notice, "token");
  g_autofree char *ask = whom_to_ask(notice);
  g_autofree char *when = stage == 0   ? g_strdup("has ended")
                          : stage == 1 ? g_strdup("ends within a day")
                                       : g_strdup_printf("ends within %" JSON_INTEGER_FORMAT " days", stage);
  g_autofree char *subject = g_strdup_printf("The token \"%s\" of your mail %s", token, when);
  g_autofree char *body =
      g_strdup_printf("Hello %s,\n\n"
                      "the token \"%s\" %s (%s UTC).\n\n"
                      "After that, the program that uses it says that its password is wrong. Your\n"
                      "mail is kept, and other programs go on as before.\n\n"
                      "What to do: get a new token and put it into that program as its password.\n\n"
                      "%s\n",
                      member(notice, "name"), token, when, member(notice, "ends"), ask);
  put(notice, subject, body);
}

static void reuse(json_t *notice) {
  const char *token = member(notice, "token");
  g_autofree char *ask = whom_to_ask(notice);
  g_autofree char *subject = g_strdup_printf("The token \"%s\" is used by more than one program", token);
  g_autofree char *body =
      g_strdup_printf("Hello %s,\n\n"
                      "the token \"%s\" is used by more than one kind of program: %s.\n\n"
                      "If that is you: give each program a token of its own. Then a lost phone costs\n"
                      "one token, not all.\n\n"
                      "If it is not you, somebody has your token. Tell us at once; the token can be\n"
                      "ended without harm to the others.\n\n"
                      "%s\n",
                      member(notice, "name"), token, member(notice, "clients"), ask);
  put(notice, subject, body);
}

void mail_notice_write(MailNoticeKind kind, const char *date, json_t *notice) {
  switch (kind) {
  case MAIL_NOTICE_SWITCHOVER:
    switchover(date, notice);
    return;
  case MAIL_NOTICE_EXPIRY:
    expiry(notice);
    return;
  case MAIL_NOTICE_REUSE:
    reuse(notice);
    return;
  case MAIL_NOTICE_HELD:
  case MAIL_NOTICE_HELD_HOOK:
    mail_alarm_write(notice);
    return;
  }
}
