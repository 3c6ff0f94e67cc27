#include "cmd/verifier.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cmd/app_error.h"
#include "saml/spawn.h"
#include "saml/verifier/main.h"

#define PROGRAM "/proc/self/exe" /* this very program, also after an upgrade replaced its file */
#define KEY_NAME "saml.key"

gboolean verifier_is_child(int argc, char **argv, int *exit) {
  if (argc != 3 || strcmp(argv[1], SAML_SPAWN_VERB) != 0)
    return FALSE;
  struct stat at;
  if (fstat(SAML_SPAWN_FD, &at) == 0 && S_ISSOCK(at.st_mode)) {
    *exit = saml_verifier_main(argv[2]);
    return TRUE;
  }
  fputs("gatepost saml-verifier is started by gatepost serve, not by people.\n", stderr);
  *exit = APP_USAGE;
  return TRUE;
}

char *verifier_key_file(const Settings *settings) {
  return g_build_filename(settings_string(settings, "keys_dir"), KEY_NAME, NULL);
}

SamlVerifier *verifier_new(const Settings *settings, guint children, gboolean lazy, Log *log,
                           Metrics *metrics, GError **error) {
  g_autofree char *key_file = verifier_key_file(settings);
  SamlVerifierOptions options = {
      .program = PROGRAM,
      .key_file = key_file,
      .children = children != 0 ? children : (guint)settings_integer(settings, "saml_verifiers"),
      .lazy = lazy,
      .log = log,
      .metrics = metrics};
  return saml_verifier_new(&options, error);
}
