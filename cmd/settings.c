#include "cmd/settings.h"

#include <string.h>

#include "cmd/app_error.h"
#include "lib/address.h"
#include "lib/cidr.h"
#include "lib/limits.h"

#define CONNINFO_BYTES 4096
#define URL_BYTES 512
#define PATH_BYTES 1024
#define NAME_BYTES 63 /* a PostgreSQL identifier */
#define SOCKET_BYTES 107
#define KEY_LEAST 24
#define KEY_BYTES 200
#define UNIX_PREFIX "unix:"

/* Letters, digits, '-' and '.' in labels that begin and end with a letter or digit: no '_', which cookies and certificates refuse. */
static gboolean is_host_name(const char *host) {
  if (*host == '\0' || strlen(host) > 253)
    return FALSE;
  for (const char *at = host; *at != '\0'; at++) {
    gboolean edge = at == host || at[-1] == '.' || at[1] == '.' || at[1] == '\0';
    if (!g_ascii_isalnum(*at) && (edge || (*at != '-' && *at != '.')))
      return FALSE;
  }
  return TRUE;
}

static gboolean is_host(const char *host) {
  IpAddress address;
  return cidr_address_parse(host, &address) || is_host_name(host);
}

static const char *check_url(const char *value) {
  if (!g_str_has_prefix(value, "https://") && !g_str_has_prefix(value, "http://"))
    return "must begin with https://";
  g_autoptr(GUri) uri = g_uri_parse(value, G_URI_FLAGS_NONE, NULL);
  if (uri == NULL)
    return "is not a URL";
  if (g_uri_get_userinfo(uri) != NULL)
    return "must not hold a user name or password";
  if (g_uri_get_query(uri) != NULL || g_uri_get_fragment(uri) != NULL)
    return "must not hold a query or fragment";
  if (strcmp(g_uri_get_path(uri), "") != 0 && strcmp(g_uri_get_path(uri), "/") != 0)
    return "must not hold a path: gatepost has a host name of its own";
  if (g_uri_get_host(uri) == NULL || !is_host(g_uri_get_host(uri)))
    return "does not name a host (letters, digits, '-' and '.', or an IP address without a zone)";
  return NULL;
}

static gboolean is_port(const char *text) {
  gint64 port;
  return strspn(text, "0123456789") == strlen(text) &&
         g_ascii_string_to_signed(text, 10, 0, 65535, &port, NULL);
}

static const char *check_listen(const char *value) {
  static const char *const form = "takes ADDRESS:PORT (127.0.0.1:8025, [::1]:8025) or unix:/path";
  if (g_str_has_prefix(value, UNIX_PREFIX)) {
    const char *path = value + strlen(UNIX_PREFIX);
    return *path == '/' && strlen(path) <= SOCKET_BYTES
               ? NULL
               : "takes unix: and an absolute path of at most 107 bytes";
  }
  const char *colon = strrchr(value, ':');
  if (colon == NULL || !is_port(colon + 1))
    return form;
  gboolean bracketed = value[0] == '[' && colon > value + 1 && colon[-1] == ']';
  g_autofree char *host =
      bracketed ? g_strndup(value + 1, (gsize)(colon - value) - 2) : g_strndup(value, (gsize)(colon - value));
  IpAddress address;
  gboolean good = cidr_address_parse(host, &address) && (strchr(host, ':') != NULL) == bracketed;
  return good ? NULL : form;
}

static const char *check_mail_host(const char *value) {
  return *value == '\0' || is_host_name(value) ? NULL : "is not a host name";
}

static const char *check_mail_smtp(const char *value) {
  const char *colon = strrchr(value, ':');
  if (colon == NULL || colon[1] == '\0' || !is_port(colon + 1))
    return "takes HOST:PORT";
  g_autofree char *host = g_strndup(value, (gsize)(colon - value));
  return is_host(host) ? NULL : "does not begin with a host name or an IPv4 address";
}

static const char *check_mail_from(const char *value) {
  const char *why = NULL;
  if (*value == '\0')
    return NULL;
  g_autofree char *address = address_parse(value, &why);
  return address != NULL ? NULL : "is not an e-mail address";
}

static const char *check_cidr(const char *value) {
  Cidr cidr;
  const char *why;
  return cidr_parse(value, &cidr, &why) ? NULL : why;
}

/* PostgreSQL takes nearly any name; a quoted or dotted one here is a mistake. */
static const char *check_role(const char *value) {
  for (const char *at = value; *at != '\0'; at++)
    if (!g_ascii_islower(*at) && *at != '_' && (at == value || !g_ascii_isdigit(*at)))
      return "takes a role name of small letters, digits and '_'";
  return NULL;
}

static const char *check_path(const char *value) {
  return *value == '/' ? NULL : "takes an absolute path";
}

static const char *one_of(const char *value, const char *const *words, const char *why) {
  return g_strv_contains(words, value) ? NULL : why;
}

static const char *check_format(const char *value) {
  static const char *const words[] = {"auto", "text", "json", NULL};
  return one_of(value, words, "takes auto, text or json");
}

static const char *check_level(const char *value) {
  static const char *const words[] = {"error", "warning", "info", "debug", NULL};
  return one_of(value, words, "takes error, warning, info or debug");
}

#define MASK "********"

/* "postgresql://user:secret@host/…" */
static char *mask_uri(const char *value) {
  const char *start = strstr(value, "://") + 3;
  gsize authority = strcspn(start, "/?");
  const char *at = memrchr(start, '@', authority);
  const char *colon = at == NULL ? NULL : memchr(start, ':', (gsize)(at - start));
  if (colon != NULL)
    return g_strdup_printf("%.*s:" MASK "%s", (int)(colon - value), value, at);
  return strstr(value, "password=") == NULL ? NULL : g_strdup(MASK);
}

/* The password of a conninfo. Where it stands quoted or escaped, everything is hidden rather than half of it shown. */
static char *mask_conninfo(const char *value) {
  if (strstr(value, "://") != NULL)
    return mask_uri(value);
  const char *key = strstr(value, "password");
  if (key == NULL)
    return NULL;
  gsize n = strcspn(key, " ");
  g_autofree char *word = g_strndup(key, n);
  if (!g_str_has_prefix(word, "password=") || strpbrk(word, "'\\") != NULL)
    return g_strdup(MASK);
  return g_strdup_printf("%.*spassword=" MASK "%s", (int)(key - value), value, key + n);
}

static char *mask_key(const char *value) {
  return *value == '\0' ? NULL : g_strdup(MASK);
}

static const char *check_key(const char *value) {
  for (const char *at = value; *at != '\0'; at++)
    if (!g_ascii_isgraph(*at))
      return "takes visible ASCII characters, without blanks";
  return *value == '\0' || strlen(value) >= KEY_LEAST ? NULL : "takes at least 24 characters";
}

static const SettingsRow rows[] = {
    {"public_url", SETTINGS_STRING, NULL, 1, URL_BYTES, NULL, check_url,
     "The address at which identity providers and people reach gatepost, through the web server in front of "
     "it.",
     "https://gatepost.example.org"},
    {"allow_insecure_public_url", SETTINGS_BOOLEAN, "false", 0, 0, NULL, NULL,
     "Allows an http public_url that is not this host alone. For a lab; identity providers refuse it.",
     "true"},
    {"listen", SETTINGS_STRING, "127.0.0.1:8025", 1, URL_BYTES, NULL, check_listen,
     "Where gatepost itself listens, plain HTTP for the web server in front: ADDRESS:PORT or unix:/path.",
     "127.0.0.1:8025"},
    {"listen_admin", SETTINGS_STRING, "127.0.0.1:8026", 1, URL_BYTES, NULL, check_listen,
     "Where /livez, /readyz and /metrics are served. Never forward this to the world.", "127.0.0.1:8026"},
    {"trusted_proxies", SETTINGS_LIST, "127.0.0.1,::1", 0, 64, NULL, check_cidr,
     "The web servers in front, as addresses or networks: their X-Forwarded-For is believed.",
     "[127.0.0.1, \"::1\", 10.0.0.0/24]"},
    {"database", SETTINGS_STRING, NULL, 1, CONNINFO_BYTES, mask_conninfo, NULL,
     "How PostgreSQL is reached as the owner of gatepost's schema: a libpq connection text or URI. Several "
     "hosts are fine.",
     "host=/var/run/postgresql dbname=gatepost"},
    {"database_role", SETTINGS_STRING, "gatepost_app", 0, NAME_BYTES, NULL, check_role,
     "The role with fewer rights that serves requests; the owner must be a member of it. \"\" serves as the "
     "owner.",
     "gatepost_app"},
    {"database_connections", SETTINGS_INTEGER, "8", 1, 100, NULL, NULL,
     "Connections to PostgreSQL at most, for each gatepost serve.", "8"},
    {"keys_dir", SETTINGS_STRING, "/etc/gatepost/keys", 1, PATH_BYTES, NULL, check_path,
     "The folder of gatepost's private keys, readable by gatepost alone.", "/etc/gatepost/keys"},
    {"saml_verifiers", SETTINGS_INTEGER, "0", 0, LIMIT_SAML_VERIFIERS, NULL, NULL,
     "Processes that read SAML messages, for each gatepost serve. 0: one a core.", "2"},
    {"mail_host", SETTINGS_STRING, "", 0, 253, NULL, check_mail_host,
     "The host that mail programs are to connect to, as commands and pages tell people. \"\": that of public_url.",
     "mail.example.org"},
    {"mail_smtp", SETTINGS_STRING, "127.0.0.1:25", 1, URL_BYTES, NULL, check_mail_smtp,
     "The SMTP server that takes gatepost's own notices, HOST:PORT, without a password.", "127.0.0.1:25"},
    {"mail_from", SETTINGS_STRING, "", 0, ADDRESS_MAX_BYTES, NULL, check_mail_from,
     "The address that notices come from. \"\": none are sent.", "mail-help@example.org"},
    {"mail_policy_key", SETTINGS_STRING, "", 0, KEY_BYTES, mask_key, check_key,
     "What Dovecot shows when it asks the policy server at /mail/policy of listen_admin. \"\": no policy server.",
     "a-long-random-text-of-your-own"},
    {"log_format", SETTINGS_STRING, "auto", 1, 8, NULL, check_format,
     "auto (text on a terminal, else JSON), text or json.", "json"},
    {"log_level", SETTINGS_STRING, "info", 1, 8, NULL, check_level, "error, warning, info or debug.", "info"},
    {NULL},
};

const SettingsRow *settings_rows(void) {
  return rows;
}

char *settings_public_url(const Settings *settings) {
  char *url = g_strdup(settings_string(settings, "public_url"));
  gsize n = strlen(url);
  if (url[n - 1] == '/')
    url[n - 1] = '\0';
  return url;
}

static gboolean is_loopback(const char *url) {
  g_autoptr(GUri) uri = g_uri_parse(url, G_URI_FLAGS_NONE, NULL);
  const char *host = g_uri_get_host(uri);
  Cidr four, six;
  IpAddress address;
  const char *why;
  if (!cidr_address_parse(host, &address))
    return strcmp(host, "localhost") == 0;
  return cidr_parse("127.0.0.0/8", &four, &why) && cidr_parse("::1", &six, &why) &&
         (cidr_contains(&four, &address) || cidr_contains(&six, &address));
}

static gboolean agree_url(const Settings *settings, GError **error) {
  const char *url = settings_string(settings, "public_url");
  if (g_str_has_prefix(url, "https://") || settings_boolean(settings, "allow_insecure_public_url") ||
      is_loopback(url))
    return TRUE;
  app_error_set(error, APP_BAD_CONFIG, 1210, "%s: \"public_url\" is \"%s\"",
                settings_origin(settings, "public_url"), url);
  return FALSE;
}

gboolean settings_agree(const Settings *settings, GError **error) {
  if (!agree_url(settings, error))
    return FALSE;
  const char *listen = settings_string(settings, "listen");
  if (strcmp(listen, settings_string(settings, "listen_admin")) != 0 || g_str_has_suffix(listen, ":0"))
    return TRUE;
  app_error_set(error, APP_BAD_CONFIG, 1003, "%s and %s: \"listen\" and \"listen_admin\" are both \"%s\"",
                settings_origin(settings, "listen"), settings_origin(settings, "listen_admin"), listen);
  return FALSE;
}
