#include "cmd/imap_probe.h"

#include <gio/gio.h>
#include <string.h>

#include "cmd/app_error.h"

#define WAIT_SECONDS 10
#define LINES_MAX 100
#define TAG "g1 "

struct ImapProbe {
  GSocketConnection *connection;
  GDataInputStream *in;
};

ImapProbe *imap_probe_open(const char *place, GError **error) {
  g_autoptr(GSocketClient) client = g_socket_client_new();
  g_autoptr(GError) failure = NULL;
  g_socket_client_set_timeout(client, WAIT_SECONDS);
  g_autoptr(GSocketConnection) connection =
      g_socket_client_connect_to_host(client, place, 143, NULL, &failure);
  if (connection == NULL) {
    app_error_set(error, APP_UNREACHABLE, 5313, "no IMAP server answers at %s: %s", place, failure->message);
    return NULL;
  }
  ImapProbe *probe = g_new0(ImapProbe, 1);
  probe->in = g_data_input_stream_new(g_io_stream_get_input_stream(G_IO_STREAM(connection)));
  probe->connection = g_steal_pointer(&connection);
  return probe;
}

void imap_probe_free(ImapProbe *probe) {
  if (probe == NULL)
    return;
  g_object_unref(probe->in);
  g_object_unref(probe->connection);
  g_free(probe);
}

/* An IMAP quoted string: a secret is what was typed, and may hold anything. */
static void append_quoted(GString *out, const char *text) {
  g_string_append_c(out, '"');
  for (; *text != '\0'; text++) {
    if (*text == '"' || *text == '\\')
      g_string_append_c(out, '\\');
    g_string_append_c(out, *text);
  }
  g_string_append_c(out, '"');
}

gboolean imap_probe_login(ImapProbe *probe, const char *login, const char *secret, char **answer,
                          GError **error) {
  GString *line = g_string_sized_new(512);
  g_string_append(line, TAG "LOGIN ");
  append_quoted(line, login);
  g_string_append_c(line, ' ');
  append_quoted(line, secret);
  g_string_append(line, "\r\n");
  GOutputStream *out = g_io_stream_get_output_stream(G_IO_STREAM(probe->connection));
  gboolean sent = g_output_stream_write_all(out, line->str, line->len, NULL, NULL, NULL);
  memset(line->str, 0, line->len);
  g_string_free(line, TRUE);
  for (int i = 0; sent && i < LINES_MAX; i++) {
    g_autofree char *said = g_data_input_stream_read_line(probe->in, NULL, NULL, NULL);
    if (said == NULL)
      break;
    if (!g_str_has_prefix(said, TAG))
      continue;
    *answer = g_strdup(said + strlen(TAG));
    return TRUE;
  }
  app_error_set(error, APP_UNREACHABLE, 5313, "the IMAP server ended the connection during a sign-in");
  return FALSE;
}

gboolean imap_probe_ended(ImapProbe *probe) {
  for (int i = 0; i < LINES_MAX; i++) {
    g_autoptr(GError) failure = NULL;
    g_autofree char *said = g_data_input_stream_read_line(probe->in, NULL, NULL, &failure);
    if (said == NULL)
      return failure == NULL || !g_error_matches(failure, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
    if (g_str_has_prefix(said, "* BYE"))
      return TRUE;
  }
  return FALSE;
}
