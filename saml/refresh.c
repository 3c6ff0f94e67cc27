#include "saml/refresh.h"

#include <string.h>

#define HOUR G_GINT64_CONSTANT(3600)
#define DAY (24 * HOUR)

static void clear_step(gpointer data) {
  SamlRefreshStep *step = data;
  g_clear_pointer(&step->der, g_bytes_unref);
  g_clear_pointer(&step->text, g_free);
}

static const SamlKnownKey *find_known(const SamlKnownIdp *known, GBytes *der) {
  for (guint i = 0; i < known->keys->len; i++) {
    const SamlKnownKey *key = &g_array_index(known->keys, SamlKnownKey, i);
    if (g_bytes_equal(key->der, der))
      return key;
  }
  return NULL;
}

static gboolean is_in_copy(const SamlIdpMetadata *copy, GBytes *der) {
  for (guint i = 0; i < copy->signing->len; i++)
    if (g_bytes_equal(copy->signing->pdata[i], der))
      return TRUE;
  return FALSE;
}

static void add(SamlRefreshPlan *plan, SamlRefreshKind kind, GBytes *der, const char *text, gboolean post) {
  SamlRefreshStep step = {
      .kind = kind, .der = der == NULL ? NULL : g_bytes_ref(der), .text = g_strdup(text), .post = post};
  g_array_append_val(plan->steps, step);
}

/* What an admin removed stays removed until he takes it back himself. */
static void add_new_keys(const SamlKnownIdp *known, const SamlIdpMetadata *copy, gboolean settled,
                         SamlRefreshPlan *plan) {
  for (guint i = 0; i < copy->signing->len; i++) {
    const SamlKnownKey *key = find_known(known, copy->signing->pdata[i]);
    gboolean is_news = key == NULL || (key->state == SAML_KEY_REMOVED && !key->by_hand) ||
                       (key->state == SAML_KEY_PENDING && settled);
    if (is_news)
      add(plan, SAML_REFRESH_KEY_ADD, copy->signing->pdata[i], NULL, FALSE);
  }
}

static void drop_old_keys(const SamlKnownIdp *known, const SamlIdpMetadata *copy, SamlRefreshPlan *plan) {
  for (guint i = 0; i < known->keys->len; i++) {
    const SamlKnownKey *key = &g_array_index(known->keys, SamlKnownKey, i);
    if (key->state != SAML_KEY_REMOVED && !key->by_hand && !is_in_copy(copy, key->der))
      add(plan, SAML_REFRESH_KEY_REMOVE, key->der, NULL, FALSE);
  }
}

/* The binding that the record has is kept where the copy offers it. */
static void compare_address(SamlRefreshPlan *plan, SamlRefreshKind kind, const char *is, gboolean is_post,
                            const char *redirect, const char *post) {
  gboolean use_post = post != NULL && (is_post || redirect == NULL);
  const char *offered = use_post ? post : redirect;
  if (g_strcmp0(is, offered) != 0 || (offered != NULL && use_post != is_post))
    add(plan, kind, NULL, offered, use_post);
}

static const char *refusal(const SamlKnownIdp *known, const SamlIdpMetadata *copy) {
  if (g_strcmp0(known->entity_id, copy->entity_id) != 0)
    return "it is of another entityID";
  if (copy->signing->len == 0)
    return "it holds no key for signatures";
  return copy->sso_redirect == NULL && copy->sso_post == NULL ? "it offers no address to sign in at" : NULL;
}

void saml_refresh_plan(const SamlKnownIdp *known, const SamlIdpMetadata *copy, gboolean accepted,
                       SamlRefreshPlan *plan) {
  *plan = (SamlRefreshPlan){.steps = g_array_new(FALSE, TRUE, sizeof(SamlRefreshStep)),
                            .refuse = refusal(known, copy)};
  g_array_set_clear_func(plan->steps, clear_step);
  if (plan->refuse != NULL)
    return;
  gboolean settled = accepted || copy->signature_held;
  add_new_keys(known, copy, settled, plan);
  drop_old_keys(known, copy, plan);
  compare_address(plan, SAML_REFRESH_SSO, known->sso_url, known->sso_post, copy->sso_redirect,
                  copy->sso_post);
  compare_address(plan, SAML_REFRESH_SLO, known->slo_url, known->slo_post, copy->slo_redirect,
                  copy->slo_post);
  for (guint i = 0; i < plan->steps->len; i++)
    g_array_index(plan->steps, SamlRefreshStep, i).waits = !settled;
}

gboolean saml_refresh_waits(const SamlRefreshPlan *plan) {
  for (guint i = 0; i < plan->steps->len; i++)
    if (g_array_index(plan->steps, SamlRefreshStep, i).waits)
      return TRUE;
  return FALSE;
}

void saml_refresh_plan_clear(SamlRefreshPlan *plan) {
  g_clear_pointer(&plan->steps, g_array_unref);
}

gint64 saml_refresh_after(const SamlIdpMetadata *copy, gint64 now_us) {
  gint64 seconds = copy->cache_seconds > 0 ? copy->cache_seconds : DAY;
  if (copy->valid_until_us > 0)
    seconds = MIN(seconds, (copy->valid_until_us - now_us) / G_USEC_PER_SEC / 2);
  return CLAMP(seconds, HOUR, DAY);
}
