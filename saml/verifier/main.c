#include "saml/verifier/main.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "lib/crypto.h"
#include "lib/crypto_seal.h"
#include "lib/limits.h"
#include "saml/channel.h"
#include "saml/form.h"
#include "saml/spawn.h"
#include "saml/verifier/desk.h"
#include "saml/verifier/libraries.h"
#include "saml/verifier/sandbox.h"
#include "saml/verifier/self_test.h"

#define GP_KEY 4001
#define GP_SELF_TEST 4002
#define GP_SANDBOX 4003
#define GP_LIBRARIES 4004

typedef struct {
  guint8 key[CRYPTO_SEAL_KEY_BYTES];
} Secret;

static void secret_clear(Secret *secret) {
  crypto_wipe(secret->key, sizeof secret->key);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Secret, secret_clear)

static void fail(SamlHello *hello, guint code, const char *words) {
  hello->code = code;
  g_strlcpy(hello->words, words, sizeof hello->words);
}

/* We end with the server: by the kernel when its keeper ends, by the socket in any case; not by a Ctrl-C that is meant for it. */
static void tie_to_server(void) {
  prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  signal(SIGTERM, SIG_IGN);
  signal(SIGINT, SIG_IGN);
  signal(SIGPIPE, SIG_IGN);
}

/* Libraries take orders from it. What a sanitizer was told it has read already. */
static void drop_environment(void) {
  clearenv();
  setenv("TZ", "UTC0", 1);
}

static void read_key(const char *key_file, Secret *secret, SamlHello *hello) {
  g_autoptr(GError) error = NULL;
  if (!crypto_seal_key_read(key_file, secret->key, &error))
    fail(hello, GP_KEY, error->message);
}

static void enter_sandbox(SamlHello *hello) {
  if (saml_sandbox_limit() && saml_sandbox_enter(SAML_SPAWN_FD))
    return;
  g_autofree char *words = g_strdup_printf("the sandbox cannot be entered: %s", g_strerror(errno));
  fail(hello, GP_SANDBOX, words);
}

/* The first time for what libraries read once, the second to see that all works without a file. */
static void prepare(SamlHello *hello) {
  const char *why = NULL;
  if (!saml_libraries_start())
    fail(hello, GP_LIBRARIES, "the XML libraries do not start");
  else if (!saml_self_test(&why))
    fail(hello, GP_SELF_TEST, why);
  else
    enter_sandbox(hello);
  if (hello->code == 0 && !saml_self_test(&why))
    fail(hello, GP_SELF_TEST, why);
}

static gboolean say(const SamlHello *hello) {
  g_autoptr(GByteArray) frame = g_byte_array_new();
  return saml_wire_put(frame, LIMIT_SAML_HELLO_BYTES, saml_form_hello, hello) &&
         saml_channel_send(SAML_SPAWN_FD, frame, G_MAXINT64);
}

static gboolean work(SamlDesk *desk) {
  g_autoptr(GByteArray) question = saml_channel_receive(SAML_SPAWN_FD, LIMIT_SAML_JOB_BYTES, G_MAXINT64);
  g_autoptr(GByteArray) answer =
      question == NULL ? NULL : saml_desk_answer(desk, question->data, question->len);
  return answer != NULL && saml_channel_send(SAML_SPAWN_FD, answer, G_MAXINT64);
}

int saml_verifier_main(const char *key_file) {
  SamlHello hello = {0};
  g_auto(Secret) secret;
  tie_to_server();
  drop_environment();
  read_key(key_file, &secret, &hello);
  if (hello.code == 0)
    prepare(&hello);
  if (!say(&hello) || hello.code != 0)
    return 1;
  g_autoptr(SamlDesk) desk = saml_desk_new(secret.key);
  while (work(desk)) {
  }
  return 0;
}
