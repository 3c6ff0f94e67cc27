#include "lib/address.h"

#include <idn2.h>
#include <string.h>

#include "lib/text.h"

#define LABEL_MAX_BYTES 63   /* RFC 1035 §2.3.4 */
#define LOCAL_MAX_BYTES 64   /* RFC 5321 §4.5.3.1.1 */
#define INPUT_MAX_BYTES 1024 /* before mapping, which may shorten */

/* What mail stores, maps and shells give a meaning; '@' would be a second one. */
#define REFUSED "*?\"'\\/%`()<>,;:[]@ "

static char *refuse(const char **why, const char *text) {
  *why = text;
  return NULL;
}

static const char *label_fault(const char *label, gsize n) {
  if (n == 0)
    return "has an empty label";
  if (n > LABEL_MAX_BYTES)
    return "has a label of more than 63 bytes";
  if (label[0] == '-' || label[n - 1] == '-')
    return "has a label that begins or ends with a hyphen";
  for (gsize i = 0; i < n; i++)
    if (!g_ascii_isalnum(label[i]) && label[i] != '-')
      return "has a character that no domain has";
  return NULL;
}

/* `domain` is in A-label form already. */
static const char *domain_fault(const char *domain) {
  if (strlen(domain) > DOMAIN_MAX_BYTES)
    return "is longer than 253 bytes";
  const char *label = domain;
  for (;;) {
    gsize n = strcspn(label, ".");
    const char *fault = label_fault(label, n);
    if (fault != NULL)
      return fault;
    if (label[n] == '\0')
      break;
    label += n + 1;
  }
  if (label == domain)
    return "has no dot";
  /* No top-level domain is a number, and 192.0.2.7 is an address. */
  return label[strspn(label, "0123456789")] == '\0' ? "is an IP address or ends like one" : NULL;
}

/* RFC 5891 with the mapping of UTS #46; also checks that an xn-- label is a true one. */
static char *to_ascii(const char *text) {
  char *mapped = NULL;
  /* Plain ASCII maps to itself; "--" may be of an xn-- label, which the library has to check. */
  if (g_str_is_ascii(text) && strstr(text, "--") == NULL)
    return g_ascii_strdown(text, -1);
  int flags = IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL;
  if (idn2_lookup_u8((const guint8 *)text, (guint8 **)&mapped, flags) != IDN2_OK)
    return NULL;
  char *ascii = g_ascii_strdown(mapped, -1);
  idn2_free(mapped);
  return ascii;
}

char *address_domain(const char *text, const char **why) {
  gsize n = strnlen(text, INPUT_MAX_BYTES + 1);
  if (n == 0)
    return refuse(why, "is empty");
  if (n > INPUT_MAX_BYTES)
    return refuse(why, "is longer than 253 bytes");
  if (!text_is_plain(text))
    return refuse(why, "has a character that no domain has");
  g_autofree char *ascii = to_ascii(text);
  gboolean mapped = ascii != NULL;
  /* What the library refuses in plain ASCII is mostly explained better by our own checks. */
  if (!mapped)
    ascii = g_ascii_strdown(text, -1);
  n = strlen(ascii);
  if (n > 1 && ascii[n - 1] == '.')
    ascii[n - 1] = '\0';
  const char *fault = g_str_is_ascii(ascii) ? domain_fault(ascii) : NULL;
  if (fault == NULL && !mapped)
    fault = "is no internationalised domain name";
  return fault != NULL ? refuse(why, fault) : g_steal_pointer(&ascii);
}

/* Lower case letter by letter, as g_utf8_strdown would follow the locale. */
static char *lower_nfc(const char *text) {
  g_autoptr(GString) lower = g_string_new(NULL);
  for (; *text != '\0'; text = g_utf8_next_char(text))
    g_string_append_unichar(lower, g_unichar_tolower(g_utf8_get_char(text)));
  return g_utf8_normalize(lower->str, -1, G_NORMALIZE_NFC);
}

static gboolean has_refused(const char *local) {
  return strpbrk(local, REFUSED) != NULL;
}

/* A full-width '@' or '/' is plain to whoever normalises after us. */
static gboolean has_refused_twin(const char *local) {
  g_autofree char *compatible = g_utf8_normalize(local, -1, G_NORMALIZE_NFKC);
  return has_refused(compatible);
}

static const char *local_fault(const char *local) {
  gsize n = strlen(local);
  if (n == 0)
    return "has nothing before its @";
  if (n > LOCAL_MAX_BYTES)
    return "has more than 64 bytes before its @";
  if (local[0] == '"')
    return "has a quoted local part, which is not supported";
  if (local[0] == '-')
    return "begins with a hyphen";
  if (local[0] == '.' || local[n - 1] == '.' || strstr(local, "..") != NULL)
    return "has a dot at an end of its local part, or two in a row";
  if (!text_is_plain(local) || has_refused(local) || has_refused_twin(local))
    return "has a character that mail stores do not take";
  return NULL;
}

static char *parse_local(const char *text, gsize n, const char **why) {
  g_autofree char *local = g_strndup(text, n);
  if (!g_utf8_validate(local, -1, NULL))
    return refuse(why, "is not UTF-8");
  g_autofree char *canonical = lower_nfc(local);
  const char *fault = local_fault(canonical);
  return fault != NULL ? refuse(why, fault) : g_steal_pointer(&canonical);
}

char *address_parse(const char *text, const char **why) {
  if (*text == '\0')
    return refuse(why, "is empty");
  if (strnlen(text, INPUT_MAX_BYTES + 1) > INPUT_MAX_BYTES)
    return refuse(why, "is longer than 254 bytes");
  const char *at = strchr(text, '@');
  if (at == NULL)
    return refuse(why, "has no @");
  if (strchr(at + 1, '@') != NULL)
    return refuse(why, "has more than one @");
  if (at[1] == '[')
    return refuse(why, "has an IP address for a domain");
  g_autofree char *local = parse_local(text, (gsize)(at - text), why);
  if (local == NULL)
    return NULL;
  g_autofree char *domain = address_domain(at + 1, why);
  if (domain == NULL)
    return NULL;
  if (strlen(local) + 1 + strlen(domain) > ADDRESS_MAX_BYTES)
    return refuse(why, "is longer than 254 bytes");
  return g_strconcat(local, "@", domain, NULL);
}

const char *address_domain_of(const char *address) {
  return strchr(address, '@') + 1;
}
