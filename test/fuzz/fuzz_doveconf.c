#include <stdint.h>

#include "lib/jsontext.h"
#include "mail/inspect.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whatever is given as doveconf's output is refused with words, or read and judged. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  g_autofree char *why = NULL;
  g_autoptr(Doveconf) doveconf = mail_doveconf_parse((const char *)data, size, &why);
  g_assert_true((doveconf == NULL) == (why != NULL));
  if (doveconf == NULL)
    return 0;
  MailInspectState worst;
  g_autoptr(json_t) found = mail_inspect(doveconf, &worst);
  g_assert_cmpint((int)json_array_size(found), >, 8);
  return 0;
}
