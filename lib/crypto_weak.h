/* RSA keys of other people that must not be trusted, whatever they sign. */
#pragma once

#include <glib.h>

/* Why the key of this certificate (DER) is unfit: static words that follow "it"; NULL: it is RSA and fit. */
const char *crypto_certificate_weakness(GBytes *der);
/* Was this modulus (big-endian) made by the generator whose primes are powers of 65537 modulo a product of small primes (CVE-2017-15361)?
 * Of others one in a hundred million looks so. */
gboolean crypto_modulus_is_guessable(const guint8 *modulus, gsize n);
