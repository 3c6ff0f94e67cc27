#include "saml/check.h"

#include <string.h>

#include "lib/clock.h"

static void clear_confirmation(void *data) {
  SamlConfirmation *confirmation = data;
  g_free(confirmation->method);
  g_free(confirmation->recipient);
  g_free(confirmation->in_response_to);
  g_free(confirmation->address);
  g_free(confirmation->not_before);
  g_free(confirmation->not_on_or_after);
}

static void free_audiences(void *data) {
  g_strfreev(data);
}

void saml_claims_init(SamlClaims *claims) {
  *claims = (SamlClaims){0};
  claims->confirmations = g_array_new(FALSE, TRUE, sizeof(SamlConfirmation));
  g_array_set_clear_func(claims->confirmations, clear_confirmation);
  claims->audiences = g_ptr_array_new_with_free_func(free_audiences);
  claims->authn_instants = g_ptr_array_new_with_free_func(g_free);
  claims->session_untils = g_ptr_array_new_with_free_func(g_free);
}

void saml_claims_clear(SamlClaims *claims) {
  char *texts[] = {claims->response_issuer,
                   claims->response_issuer_format,
                   claims->destination,
                   claims->response_issued,
                   claims->response_in_response_to,
                   claims->status,
                   claims->substatus,
                   claims->issuer,
                   claims->issuer_format,
                   claims->issued,
                   claims->not_before,
                   claims->not_on_or_after};
  for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
    g_free(texts[i]);
  g_clear_pointer(&claims->confirmations, g_array_unref);
  g_clear_pointer(&claims->audiences, g_ptr_array_unref);
  g_clear_pointer(&claims->authn_instants, g_ptr_array_unref);
  g_clear_pointer(&claims->session_untils, g_ptr_array_unref);
  *claims = (SamlClaims){0};
}

#define SHAPE "dddd-dd-ddTdd:dd:dd"
#define SHAPE_BYTES (sizeof(SHAPE) - 1)

static gboolean has_shape(const char *text) {
  for (gsize i = 0; i < SHAPE_BYTES; i++) {
    if (SHAPE[i] == 'd' ? !g_ascii_isdigit(text[i]) : text[i] != SHAPE[i])
      return FALSE;
  }
  return TRUE;
}

/* Behind the seconds: a fraction of any length, then the zone. */
static gboolean ends_in_utc(const char *rest) {
  if (*rest == '.') {
    gsize digits = strspn(rest + 1, "0123456789");
    if (digits == 0)
      return FALSE;
    rest += 1 + digits;
  }
  return g_str_equal(rest, "Z") || g_str_equal(rest, "+00:00");
}

gboolean saml_time_parse(const char *text, gint64 *us) {
  if (text == NULL || !has_shape(text) || !ends_in_utc(text + SHAPE_BYTES))
    return FALSE;
  g_autofree char *whole = g_strdup(text);
  char *second = whole + SHAPE_BYTES - 2;
  if (strncmp(second, "60", 2) == 0) {
    second[0] = '5';
    second[1] = '9';
  }
  return clock_parse(whole, us) && *us >= 0;
}
