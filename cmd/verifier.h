/* The SAML verifier as the program has it: the hidden command that a server starts its children by, and the pool made from the settings. */
#pragma once

#include "lib/settings.h"
#include "saml/verifier.h"

/* TRUE when the command line is `gatepost saml-verifier KEY_FILE`, which is no command for people; *exit is then the program's. */
gboolean verifier_is_child(int argc, char **argv, int *exit);
/* Where the key that seals our private keys lies: keys_dir/saml.key. Free with g_free. */
char *verifier_key_file(const Settings *settings);
/* children 0: as the setting saml_verifiers has it. lazy: they start with the first job. NULL with an error that ends in its code. */
SamlVerifier *verifier_new(const Settings *settings, guint children, gboolean lazy, Log *log,
                           Metrics *metrics, GError **error);
