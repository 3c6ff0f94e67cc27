#include "cmd/serve_mail.h"

#include "cmd/serve_state.h"
#include "mail/routes.h"

static MailService look(ServeState *state) {
  thread_monitor_enter(&state->lock);
  MailService service = {state->mail_pool, state->log, state->metrics, state->policy_key, state->checks};
  thread_monitor_leave(&state->lock);
  return service;
}

static HttpVerdict before_body(HttpRequest *request, gpointer app, HttpReply **reply, gint64 *delay_us) {
  (void)delay_us;
  MailService service = look(app);
  return mail_routes_key(request, &service, reply);
}

const HttpPolicy serve_mail_key = {.name = "mail-policy", .before_body = before_body};

static HttpVerdict check_rate(HttpRequest *request, gpointer app, HttpReply **reply, gint64 *delay_us) {
  MailService service = look(app);
  return mail_routes_check_rate(request, &service, reply, delay_us);
}

const HttpPolicy serve_mail_check_rate = {.name = "mail-check", .before_body = check_rate};

HttpReply *serve_mail_policy(HttpRequest *request, gpointer app) {
  MailService service = look(app);
  return mail_routes_policy(request, &service);
}

HttpReply *serve_mail_check(HttpRequest *request, gpointer app) {
  MailService service = look(app);
  return mail_routes_check(request, &service);
}
