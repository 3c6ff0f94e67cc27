#include "saml/refresher.h"

#include "lib/clock.h"
#include "lib/http_fetch.h"
#include "lib/limits.h"

#define FETCH_SECONDS 10
#define DATABASE_SECONDS 10
#define RETRY_SECONDS 3600

static gboolean fetch_copy(const char *url, const char *etag, gboolean local, HttpFetched *fetched,
                           GError **error) {
  g_autoptr(HttpClient) client = http_client_new(NULL);
  HttpFetch fetch = {.url = url,
                     .etag = etag,
                     .most = LIMIT_SAML_METADATA_BYTES,
                     .deadline = clock_deadline(FETCH_SECONDS),
                     .local = local};
  return http_fetch(client, &fetch, fetched, error);
}

gboolean saml_refresher_fetch(const char *url, gboolean local, char **body, gsize *n, char **etag,
                              GError **error) {
  g_auto(HttpFetched) fetched = {0};
  if (!fetch_copy(url, NULL, local, &fetched, error))
    return FALSE;
  *n = fetched.n;
  *body = g_steal_pointer(&fetched.body);
  *etag = g_steal_pointer(&fetched.etag);
  return TRUE;
}

static gboolean refuse(const char *why, GError **error) {
  g_set_error(error, HTTP_CLIENT_ERROR, HTTP_CLIENT_ERROR_LOST, "the metadata is of no use: %s", why);
  return FALSE;
}

static gboolean read_copy(const SamlRefresher *refresher, const SamlRefreshItem *item,
                          const HttpFetched *fetched, SamlIdpMetadata *copy, GError **error) {
  SamlReport report;
  SamlMetadataWish wish = {item->entity_id, item->certificate, item->local};
  if (saml_verifier_read_metadata(refresher->verifier, fetched->body, fetched->n, &wish, clock_wall(), copy,
                                  &report))
    return TRUE;
  return refuse(saml_failure_text(report.failure), error);
}

/* The copy's etag counts only once nothing of it waits: else the next look would find it unchanged and forget. */
static gboolean write_copy(const SamlRefresher *refresher, const SamlRefreshItem *item,
                           SamlRefreshOutcome *outcome, const char *etag, GError **error) {
  outcome->etag = saml_refresh_waits(outcome->plan) ? NULL : etag;
  outcome->after_seconds = saml_refresh_after(outcome->copy, clock_wall());
  return saml_store_refresh_apply(refresher->pool, clock_deadline(DATABASE_SECONDS), item, outcome, error);
}

static gboolean look(const SamlRefresher *refresher, const SamlRefreshItem *item, SamlRefreshOutcome *outcome,
                     gboolean accepted, SamlRefreshPlan *plan, GError **error) {
  g_auto(HttpFetched) fetched = {0};
  g_auto(SamlIdpMetadata) copy = {0};
  if (!fetch_copy(item->url, item->etag, item->local, &fetched, error))
    return FALSE;
  if (fetched.body == NULL) {
    outcome->after_seconds = RETRY_SECONDS;
    return saml_store_refresh_apply(refresher->pool, clock_deadline(DATABASE_SECONDS), item, outcome, error);
  }
  if (!read_copy(refresher, item, &fetched, &copy, error))
    return FALSE;
  SamlKnownIdp known = saml_refresh_item_known(item);
  saml_refresh_plan_clear(plan);
  saml_refresh_plan(&known, &copy, accepted, plan);
  if (plan->refuse != NULL)
    return refuse(plan->refuse, error);
  outcome->plan = plan;
  outcome->copy = &copy;
  return write_copy(refresher, item, outcome, fetched.etag, error);
}

static void note_failure(const SamlRefresher *refresher, const SamlRefreshItem *item, const char *actor,
                         const GError *why) {
  SamlRefreshOutcome outcome = {.actor = actor, .error = why->message, .after_seconds = RETRY_SECONDS};
  g_autoptr(GError) ignored = NULL; /* the database is away: the next look says so */
  saml_store_refresh_apply(refresher->pool, clock_deadline(DATABASE_SECONDS), item, &outcome, &ignored);
}

gboolean saml_refresher_one(const SamlRefresher *refresher, const SamlRefreshItem *item, const char *actor,
                            gboolean accepted, SamlRefreshPlan *plan, GError **error) {
  g_autoptr(GError) why = NULL;
  SamlRefreshOutcome outcome = {.actor = actor};
  if (look(refresher, item, &outcome, accepted, plan, &why))
    return TRUE;
  if (why->domain != DB_ERROR)
    note_failure(refresher, item, actor, why);
  g_propagate_error(error, g_steal_pointer(&why));
  return FALSE;
}

static gboolean one_of_many(const SamlRefresher *refresher, const SamlRefreshItem *item, GError **error) {
  g_autoptr(GError) why = NULL;
  g_auto(SamlRefreshPlan) plan = {0};
  if (!saml_refresher_one(refresher, item, "saml-refresh", FALSE, &plan, &why)) {
    if (why->domain == DB_ERROR) {
      g_propagate_error(error, g_steal_pointer(&why));
      return FALSE;
    }
    log_event(refresher->log, LOG_WARNING, "saml_metadata_failed", "code", "GP-4031", "connection",
              item->slug, "why", why->message, NULL);
  } else if (plan.steps != NULL && saml_refresh_waits(&plan)) {
    log_event(refresher->log, LOG_WARNING, "saml_metadata_waits", "code", "GP-4032", "connection", item->slug,
              NULL);
  }
  return TRUE;
}

gboolean saml_refresher_run(const SamlRefresher *refresher, GError **error) {
  g_autoptr(GPtrArray) items =
      saml_store_refresh_due(refresher->pool, clock_deadline(DATABASE_SECONDS), error);
  for (guint i = 0; items != NULL && i < items->len; i++)
    if (!one_of_many(refresher, items->pdata[i], error))
      return FALSE;
  return items != NULL;
}
