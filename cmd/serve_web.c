#include "cmd/serve_web.h"

#include "cmd/settings.h"
#include "cmd/store_house.h"
#include "cmd/verifier.h"
#include "lib/clock.h"
#include "portal/assets.h"
#include "portal/routes.h"
#include "saml/refresher.h"
#include "saml/routes.h"
#include "saml/store_keep.h"
#include "saml/store_warn.h"

#define MINUTE_MS 60000
#define KEEP_SECONDS 20
#define WARM_SECONDS 5

/* Whoever marks a certificate as told tells it: once for all servers. */
static void tell_ending(ServeState *state) {
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) ending = saml_store_warn(state->pool, clock_deadline(KEEP_SECONDS), &error);
  for (guint i = 0; ending != NULL && i < ending->len; i++) {
    const SamlEnding *one = ending->pdata[i];
    g_autofree char *days = g_strdup_printf("%d", one->days);
    log_event(state->log, LOG_WARNING, "saml_certificate_ends", "code", "GP-4034", "connection", one->slug,
              "whose", one->own ? "ours" : "provider", "days", days, NULL);
  }
}

/* Each server does both; what one has done the others find done. */
static void keep(gpointer data) {
  ServeState *state = data;
  g_autoptr(GError) error = NULL;
  if (!saml_store_keep(state->pool, clock_deadline(KEEP_SECONDS), &error))
    log_event(state->log, LOG_WARNING, "housekeeping_failed", "what", "saml", "cause", error->message, NULL);
  tell_ending(state);
}

/* Far-away servers may be slow, so it has a thread of its own. */
static void refresh(gpointer data) {
  ServeState *state = data;
  g_autoptr(GError) error = NULL;
  SamlRefresher refresher = {state->pool, state->web.verifier, state->log};
  if (!saml_refresher_run(&refresher, &error))
    log_event(state->log, LOG_WARNING, "saml_refresh_failed", "cause", error->message, NULL);
}

/* Where nobody signs in by SAML nothing is started, and no key file is needed. A server that cannot check sign-ins still serves the rest;
 * the log has the reason, and the processes are tried again. */
static void warm(ServeState *state) {
  gboolean needed = FALSE;
  if (store_house_has_saml(state->pool, clock_deadline(WARM_SECONDS), &needed, NULL) && needed)
    saml_verifier_start(state->web.verifier, NULL);
}

gboolean serve_web_start(ServeState *state, const Settings *settings, GError **error) {
  state->public_url = settings_public_url(settings);
  gboolean insecure = g_str_has_prefix(state->public_url, "http://");
  PageSet *pages = portal_pages(error);
  SamlVerifier *verifier =
      pages == NULL ? NULL : verifier_new(settings, 0, TRUE, state->log, state->metrics, error);
  state->web = (SamlService){.pool = state->pool,
                             .log = state->log,
                             .metrics = state->metrics,
                             .verifier = verifier,
                             .pages = pages,
                             .base = state->public_url,
                             .insecure = insecure};
  saml_service_init(&state->web);
  if (verifier == NULL)
    return FALSE;
  warm(state);
  state->web_keeper = thread_timer_new("web-keeper", MINUTE_MS, keep, state);
  state->web_refresher = thread_timer_new("saml-refresh", MINUTE_MS, refresh, state);
  return TRUE;
}

void serve_web_stop(ServeState *state) {
  g_clear_pointer(&state->web_keeper, thread_timer_free);
  g_clear_pointer(&state->web_refresher, thread_timer_free);
}

void serve_web_clear(ServeState *state) {
  serve_web_stop(state);
  saml_verifier_free(state->web.verifier);
  page_set_free(state->web.pages);
  saml_service_clear(&state->web);
  g_free(state->public_url);
}

void serve_web_tables(ServeState *state, HttpTable tables[3]) {
  tables[0] = (HttpTable){saml_routes(), &state->web};
  tables[1] = (HttpTable){portal_routes(), &state->web};
  tables[2] = (HttpTable){NULL, NULL};
}
