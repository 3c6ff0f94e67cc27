#include "cmd/proxy.h"

#include <string.h>

#include "cmd/settings.h"
#include "lib/limits.h"
#include "lib/text.h"

/* @host@ and its like are replaced. What every block must do: set X-Forwarded-For, never append to what the client
 * claims; pass Host; allow what lib/limits.h allows; wait longer than our 25 s. nginx and HAProxy hold the body back before they
 * ask us; Caddy's word for that differs between 2.6 and 2.8, and our own LIMIT_BODY_SECONDS covers it. */
typedef struct {
  const char *server, *place, *block;
} Template;

static const Template templates[] = {
    {"nginx", "/etc/nginx/conf.d/gatepost.conf, then: nginx -t && systemctl reload nginx",
     "upstream gatepost {\n"
     "  server @upstream@;\n"
     "  keepalive 16;\n"
     "}\n"
     "\n"
     "server {\n"
     "  listen @port@ ssl;\n"
     "  listen [::]:@port@ ssl;\n"
     "  server_name @host@;\n"
     "\n"
     "  ssl_certificate @certificate@;\n"
     "  ssl_certificate_key @key@;\n"
     "  ssl_protocols TLSv1.2 TLSv1.3;\n"
     "\n"
     "  client_max_body_size @body@;\n"
     "  client_header_buffer_size 4k;\n"
     "  large_client_header_buffers 4 @header@;\n"
     "\n"
     "  location / {\n"
     "    proxy_pass http://gatepost;\n"
     "    proxy_http_version 1.1;\n"
     "    proxy_set_header Host $host;\n"
     "    proxy_set_header Connection \"\";\n"
     "    proxy_set_header X-Forwarded-For $remote_addr;\n"
     "    proxy_set_header X-Forwarded-Proto https;\n"
     "    proxy_request_buffering on;\n"
     "    proxy_buffering on;\n"
     "    proxy_connect_timeout 5s;\n"
     "    proxy_send_timeout @timeout@s;\n"
     "    proxy_read_timeout @timeout@s;\n"
     "    proxy_next_upstream off;\n"
     "  }\n"
     "}\n"},
    {"caddy", "/etc/caddy/Caddyfile, then: systemctl reload caddy",
     "https://@host@:@port@ {\n"
     "\ttls @certificate@ @key@\n"
     "\trequest_body {\n"
     "\t\tmax_size @body@B\n"
     "\t}\n"
     "\treverse_proxy @upstream@ {\n"
     "\t\theader_up X-Forwarded-For {remote_host}\n"
     "\t\ttransport http {\n"
     "\t\t\tdial_timeout 5s\n"
     "\t\t\tresponse_header_timeout @timeout@s\n"
     "\t\t\tread_timeout @timeout@s\n"
     "\t\t\twrite_timeout @timeout@s\n"
     "\t\t}\n"
     "\t}\n"
     "}\n"},
    {"haproxy",
     "/etc/haproxy/haproxy.cfg (crt holds certificate and key in one file), then: systemctl reload haproxy",
     "frontend gatepost\n"
     "  mode http\n"
     "  bind :@port@ ssl crt @certificate@ ssl-min-ver TLSv1.2\n"
     "  timeout client @timeout@s\n"
     "  timeout http-request @timeout@s\n"
     "  option http-buffer-request\n"
     "  acl gatepost_host hdr(host),field(1,:) -i @host@\n"
     "  http-request deny deny_status 413 if { req.hdr_val(content-length) gt @bytes@ }\n"
     "  http-request set-header X-Forwarded-For %[src]\n"
     "  http-request set-header X-Forwarded-Proto https\n"
     "  use_backend gatepost if gatepost_host\n"
     "\n"
     "backend gatepost\n"
     "  mode http\n"
     "  timeout connect 5s\n"
     "  timeout server @timeout@s\n"
     "  retries 0\n"
     "  server gatepost @haproxy@\n"},
};

#define FRONT_SECONDS (LIMIT_REQUEST_SECONDS + 10)

static char *replace(char *text, const char *name, const char *value) {
  g_autofree char *owned = text;
  g_auto(GStrv) parts = g_strsplit(owned, name, -1);
  return g_strjoinv(value, parts);
}

static char *replace_number(char *text, const char *name, guint value, const char *unit) {
  g_autofree char *number = g_strdup_printf("%u%s", value, unit);
  return replace(text, name, number);
}

/* nginx wants "unix:/path", Caddy "unix//path", HAProxy "unix@/path". */
static char *upstream(const char *listen, const char *unix_prefix) {
  return g_str_has_prefix(listen, "unix:") ? g_strconcat(unix_prefix, listen + strlen("unix:"), NULL)
                                           : g_strdup(listen);
}

char *proxy_config_block(const char *server, const ProxyFacts *facts, const char **place) {
  const Template *found = NULL;
  for (gsize i = 0; i < G_N_ELEMENTS(templates); i++)
    if (strcmp(templates[i].server, server) == 0)
      found = &templates[i];
  if (found == NULL)
    return NULL;
  *place = found->place;
  g_autofree char *plain = upstream(facts->upstream, strcmp(server, "caddy") == 0 ? "unix/" : "unix:");
  g_autofree char *haproxy = upstream(facts->upstream, "unix@");
  char *text = replace(g_strdup(found->block), "@upstream@", plain);
  text = replace(text, "@haproxy@", haproxy);
  text = replace(text, "@host@", facts->host);
  text = replace(text, "@port@", facts->port);
  text = replace(text, "@certificate@", facts->certificate);
  text = replace(text, "@key@", facts->key);
  text = replace_number(text, "@body@", LIMIT_BODY_BYTES >> 20, strcmp(server, "caddy") == 0 ? "Mi" : "m");
  text = replace_number(text, "@bytes@", LIMIT_BODY_BYTES, "");
  text = replace_number(text, "@header@", LIMIT_HEADER_BYTES >> 10, "k");
  return replace_number(text, "@timeout@", FRONT_SECONDS, "");
}

/* A path goes into the block as it is, so it must not be able to end the line or the statement. */
static gboolean read_path(const VerbCall *call, const char *option, const char *fallback, const char **path,
                          GError **error) {
  *path = verb_given(call, option) ? verb_value(call, option) : fallback;
  if (**path == '/' && strpbrk(*path, " \t\r\n;{}\"'\\$#@") == NULL)
    return TRUE;
  app_error_set(error, APP_USAGE, 0, "--%s takes an absolute path without blanks, quotes or ; { } $ #",
                option);
  return FALSE;
}

int verb_proxy_config(App *app, const VerbCall *call, GError **error) {
  const char *server = verb_argument(call, 0);
  const Settings *settings = app_settings(app, error);
  if (settings == NULL)
    return APP_BAD_CONFIG;
  g_autoptr(GUri) url = g_uri_parse(settings_string(settings, "public_url"), G_URI_FLAGS_NONE, NULL);
  gboolean six = strchr(g_uri_get_host(url), ':') != NULL;
  g_autofree char *host = g_strdup_printf(six ? "[%s]" : "%s", g_uri_get_host(url));
  g_autofree char *port = g_strdup_printf("%d", g_uri_get_port(url) > 0 ? g_uri_get_port(url) : 443);
  g_autofree char *certificate = g_strdup_printf("/etc/ssl/certs/%s.pem", g_uri_get_host(url));
  g_autofree char *key = g_strdup_printf("/etc/ssl/private/%s.pem", g_uri_get_host(url));
  ProxyFacts facts = {.host = host, .port = port, .upstream = settings_string(settings, "listen")};
  if (!read_path(call, "cert", certificate, &facts.certificate, error) ||
      !read_path(call, "key", key, &facts.key, error))
    return APP_USAGE;
  const char *place;
  g_autofree char *block = proxy_config_block(server, &facts, &place);
  if (block == NULL) {
    g_autofree char *quoted = text_quote(server);
    app_error_set(error, APP_USAGE, 0, "there is no block for \"%s\"; there are: nginx, caddy, haproxy",
                  quoted);
    return APP_USAGE;
  }
  output_text(app_output(app), block);
  output_say(app_output(app), "Put this into %s", place);
  return APP_OK;
}
