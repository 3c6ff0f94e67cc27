#include "cmd/door_probe.h"

#include <gio/gio.h>
#include <string.h>

#include "lib/crypto.h"

#define WAIT_SECONDS 10
#define LINES_MAX 100
#define NO_PORT 0

static gboolean any_line(const char *line) {
  (void)line;
  return TRUE;
}

/* RFC 5804 §1.3: capabilities come first. */
static gboolean sieve_ends(const char *line) {
  return g_str_has_prefix(line, "OK") || g_str_has_prefix(line, "NO") || g_str_has_prefix(line, "BYE");
}

/* RFC 5321 §4.2.1: "250-" goes on, "250 " ends. */
static gboolean smtp_ends(const char *line) {
  return strlen(line) < 4 || line[3] != '-';
}

/* @login@, @secret@, and @plain@: both as SASL PLAIN has them. */
const DoorProbeKind door_probe_kinds[] = {
    {"pop3", "127.0.0.1:110", {"USER @login@", "PASS @secret@"}, "+OK", any_line},
    {"sieve", "127.0.0.1:4190", {"AUTHENTICATE \"PLAIN\" \"@plain@\""}, "OK", sieve_ends},
    {"submission", "127.0.0.1:587", {"EHLO localhost", "AUTH PLAIN @plain@"}, "2", smtp_ends},
    {NULL},
};

/* The last line of an answer; NULL when the server says no more. *offers tells that a line before it names AUTH. */
static char *read_answer(GDataInputStream *in, const DoorProbeKind *kind, gboolean *offers) {
  for (int i = 0; i < LINES_MAX; i++) {
    g_autofree char *line = g_data_input_stream_read_line(in, NULL, NULL, NULL);
    if (line == NULL)
      return NULL;
    *offers = *offers || strstr(line, "AUTH ") != NULL;
    if (kind->is_last(line))
      return g_steal_pointer(&line);
  }
  return NULL;
}

static char *plain(const char *login, const char *secret) {
  gsize n = strlen(login), m = strlen(secret);
  guchar *both = g_malloc0(n + m + 2);
  memcpy(both + 1, login, n);
  memcpy(both + n + 2, secret, m);
  char *encoded = g_base64_encode(both, n + m + 2);
  crypto_wipe(both, n + m + 2);
  g_free(both);
  return encoded;
}

static gboolean send_step(GIOStream *stream, const char *step, const char *login, const char *secret) {
  char *blob = plain(login, secret);
  g_autoptr(GString) line = g_string_sized_new(1024);
  g_string_append_printf(line, "%s\r\n", step);
  g_string_replace(line, "@login@", login, 1);
  g_string_replace(line, "@secret@", secret, 1);
  g_string_replace(line, "@plain@", blob, 1);
  crypto_free_secret(blob);
  gboolean sent = g_output_stream_write_all(g_io_stream_get_output_stream(stream), line->str, line->len, NULL,
                                            NULL, NULL);
  crypto_wipe(line->str, line->len);
  return sent;
}

static DoorProbeResult converse(GIOStream *stream, const DoorProbeKind *kind, const char *login,
                                const char *secret, char **said) {
  g_autoptr(GDataInputStream) in = g_data_input_stream_new(g_io_stream_get_input_stream(stream));
  gboolean offers = strcmp(kind->name, "submission") != 0;
  *said = read_answer(in, kind, &offers);
  for (const char *const *step = kind->steps; *said != NULL && *step != NULL; step++) {
    if (!g_str_has_prefix(*said, kind->good))
      return DOOR_PROBE_REFUSED;
    if (step[1] == NULL && !offers)
      return DOOR_PROBE_TLS;
    g_clear_pointer(said, g_free);
    if (send_step(stream, *step, login, secret))
      *said = read_answer(in, kind, &offers);
  }
  if (*said != NULL)
    return g_str_has_prefix(*said, kind->good) ? DOOR_PROBE_OPENED : DOOR_PROBE_REFUSED;
  *said = g_strdup("it ended the connection during a sign-in");
  return DOOR_PROBE_REFUSED;
}

DoorProbeResult door_probe(const DoorProbeKind *kind, const char *place, const char *login,
                           const char *secret, char **said) {
  g_autoptr(GSocketClient) client = g_socket_client_new();
  g_autoptr(GError) failure = NULL;
  g_socket_client_set_timeout(client, WAIT_SECONDS);
  g_autoptr(GSocketConnection) connection =
      g_socket_client_connect_to_host(client, place, NO_PORT, NULL, &failure);
  if (connection == NULL) {
    *said = g_strdup(failure->message);
    return DOOR_PROBE_NOBODY;
  }
  return converse(G_IO_STREAM(connection), kind, login, secret, said);
}
