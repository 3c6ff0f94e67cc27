/* What the admin's commands on connections are refused with. Each message ends with its GP code (lib/explain_saml.c). */
#pragma once

#include <glib.h>

typedef enum {
  SAML_ERROR_INPUT,     /* what was asked for cannot be */
  SAML_ERROR_NOT_FOUND, /* no such connection, key, trace */
  SAML_ERROR_REFUSED,   /* it could, but something stands against it */
} SamlErrorCode;
#define SAML_ERROR (saml_error_quark())
GQuark saml_error_quark(void);

/* "words (GP-nnnn)". */
void saml_error_set(GError **error, SamlErrorCode code, int gp_code, const char *format, ...)
    G_GNUC_PRINTF(4, 5);

enum {
  GP_SAML_NO_CONNECTION = 4021,
  GP_SAML_TAKEN = 4022,    /* the name, or the source has one already */
  GP_SAML_INPUT = 4023,    /* a name or value that a connection cannot have */
  GP_SAML_METADATA = 4024, /* the provider's metadata was refused */
  GP_SAML_NO_KEY = 4025,   /* no such certificate */
  GP_SAML_LAST_KEY = 4026, /* the only one that is trusted */
  GP_SAML_ROTATE = 4027,   /* nothing to switch to, or not yet */
  GP_SAML_NO_TRACE = 4028,
  GP_SAML_NOTHING_REPLACED = 4029,
  GP_SAML_FETCH = 4031, /* metadata could not be fetched */
  GP_SAML_WAITS = 4032, /* metadata changed, an admin is to look */
};
