#include "mail/event.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/limits.h"
#include "mail/event_file.h"

#define T "Nov 24 13:56:26 "
#define EVENT(name, categories, fields)                                                                      \
  "stats: Info: {\"event\":\"" name "\",\"hostname\":\"vm\",\"start_time\":\"2026-11-24T14:23:27.780676Z\"," \
  "\"end_time\":\"2026-11-24T14:23:27.787538Z\",\"categories\":[" categories "],\"fields\":{" fields "}}"
#define WHO "\"user\":\"Alice@Example.test\",\"remote_ip\":\"203.0.113.9\",\"session\":\"H0U3\","
#define COMMAND(name, more) \
  EVENT("imap_command_finished", "\"imap\",\"service:imap\"", WHO "\"cmd_name\":\"" name "\"," more)
#define OK "\"tagged_reply_state\":\"OK\""

typedef struct {
  const char *line;
  MailEventKind kind;
  const char *action, *detail; /* members that the detail has, as JSON */
} Case;

static const Case cases[] = {
    {T COMMAND("APPEND", OK ",\"mailbox\":\"Sent\",\"bytes_out\":82"), MAIL_EVENT_ACCESS, "create",
     "{\"protocol\":\"IMAP\",\"object_type\":\"Message\",\"folder_path\":\"Sent\",\"bytes_out\":82,\"action_"
     "allowed\":1,"
     "\"source_ip\":\"203.0.113.9\",\"session\":\"H0U3\",\"event_timestamp\":1795530207787,\"action\":"
     "\"create\"}"},
    {T COMMAND("UID FETCH", OK ",\"reason_code\":[\"imap:cmd_uid_fetch\",\"imap:fetch_body\"]"),
     MAIL_EVENT_ACCESS, "read", "{\"object_type\":\"Message\"}"},
    {T COMMAND("UID FETCH", OK ",\"reason_code\":[\"imap:cmd_uid_fetch\"]"), MAIL_EVENT_ACCESS,
     "read_summary", "{}"},
    {T COMMAND("SELECT", "\"tagged_reply_state\":\"NO\",\"mailbox\":\"x\""), MAIL_EVENT_ACCESS,
     "read_hierarchy", "{\"action_allowed\":0,\"folder_path\":\"x\"}"},
    {T COMMAND("LOGOUT", OK), MAIL_EVENT_OTHER, NULL, NULL},
    {T EVENT("mail_user_session_finished", "\"pop3\",\"service:pop3\"",
             "\"user\":\"alice@example.test\",\"duration\":5"),
     MAIL_EVENT_ACCESS, "session_end", "{\"protocol\":\"POP3\",\"duration_us\":5}"},
    {T EVENT("mail_user_session_finished", "\"service:lmtp\"", "\"user\":\"alice@example.test\""),
     MAIL_EVENT_OTHER, NULL, NULL},
    {T EVENT("mail_user_session_finished", "\"service:doveadm\"", "\"user\":\"alice@example.test\""),
     MAIL_EVENT_OTHER, NULL, NULL},
    {T EVENT("mail_delivery_finished", "",
             "\"rcpt_to\":\"alice@example.test\",\"message_subject\":\"s3cret\",\"message_size\":9"),
     MAIL_EVENT_ACCESS, "create", "{\"protocol\":\"IncomingEmail\",\"size\":9}"},
    {T EVENT("auth_request_finished", "", "\"user\":\"alice@example.test\""), MAIL_EVENT_OTHER, NULL, NULL},
    {T "mail dovecot: " COMMAND("EXPUNGE", OK), MAIL_EVENT_ACCESS, "delete", "{}"},
    {T "dovecot-1 dovecot[77]: " COMMAND("EXPUNGE", OK), MAIL_EVENT_ACCESS, "delete", "{}"},
    {"2026-11-24T13:56:26.123456+01:00 mail dovecot: " COMMAND("EXPUNGE", OK), MAIL_EVENT_ACCESS, "delete",
     "{}"},
    /* Another process quotes what a stranger typed. */
    {T "imap-login: Info: Login: user=<" COMMAND("EXPUNGE", OK) ">", MAIL_EVENT_OTHER, NULL, NULL},
    {T "auth: Info: sql(" COMMAND("EXPUNGE", OK), MAIL_EVENT_OTHER, NULL, NULL},
    {T "imap: Info: dovecot: " COMMAND("EXPUNGE", OK), MAIL_EVENT_OTHER, NULL, NULL},
    {T "stats: Info: {\"event\":", MAIL_EVENT_BROKEN, NULL, NULL},
    {T "stats: Info: {}", MAIL_EVENT_BROKEN, NULL, NULL},
    {T "stats: Info: {\"event\":7,\"fields\":{}}", MAIL_EVENT_BROKEN, NULL, NULL},
    {T COMMAND("EXPUNGE", OK) "}", MAIL_EVENT_BROKEN, NULL, NULL},
    {T EVENT("imap_command_finished", "", "\"cmd_name\":\"EXPUNGE\""), MAIL_EVENT_BROKEN, NULL, NULL},
    {T EVENT("imap_command_finished", "", "\"cmd_name\":\"EXPUNGE\",\"user\":\"alice\""), MAIL_EVENT_BROKEN,
     NULL, NULL},
    {T "stats: Error: Failed", MAIL_EVENT_OTHER, NULL, NULL},
    {"", MAIL_EVENT_OTHER, NULL, NULL},
};

static void test_lines(void) {
  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
    const Case *c = &cases[i];
    g_auto(MailEvent) event = {0};
    g_test_message("%s", c->line);
    g_assert_cmpint(mail_event_parse(c->line, strlen(c->line), &event), ==, c->kind);
    if (c->kind != MAIL_EVENT_ACCESS)
      continue;
    g_assert_cmpstr(event.login, ==, "alice@example.test");
    g_assert_cmpstr(event.action, ==, c->action);
    g_autoptr(json_t) wanted = json_loads(c->detail, 0, NULL);
    g_autofree char *all = jsontext_dump(event.detail);
    g_assert_null(strstr(all, "s3cret"));
    const char *key;
    json_t *value;
    json_object_foreach(wanted, key, value)
        g_assert_true(json_equal(json_object_get(event.detail, key), value));
  }
}

/* ---- the file: a script of writes, renames and reads. '+TEXT' appends to log; 'r' renames log to log.1 (log.1 to log.2); 'n' makes
 * an empty log; 't' cuts log to nothing; 'z' compresses log.1 in name; '=TEXT' reads all there is, which must be TEXT (lines
 * joined by ','); 'o' opens anew at the last position, as after a kill; 'L' the last read must have told of a loss. */
typedef struct {
  const char *name;
  const char *steps[16];
} Script;

static const Script scripts[] = {
    {"plain", {"+a\nb\n", "=a,b", "=", "+c", "=", "+d\n", "=cd"}},
    {"restart", {"+a\nb\n", "=a,b", "+c\nd", "o", "=c", "+\n", "o", "=d", "o", "="}},
    {"rotation", {"+a\n", "=a", "+b\n", "r", "=b", "+c\n", "=c"}},
    {"rotation-with-create", {"+a\n", "=a", "r", "n", "=", "+b\n", "=b"}},
    {"rotated-while-away", {"+a\n", "=a", "+b\n", "r", "+c\n", "o", "=b,c", "o", "="}},
    {"rotated-twice-while-away", {"+a\n", "=a", "+b\n", "r", "+c\n", "r", "+d\n", "o", "=b,c,d"}},
    {"two-rotations-while-reading", {"+a\n", "=a", "r", "+b\n", "r", "+c\n", "=b,c"}},
    {"cut-off", {"+abc\nd\n", "=abc,d", "t", "+e\n", "=e", "L"}},
    {"compressed-away", {"+a\n", "=a", "+b\n", "r", "+c\n", "z", "o", "=c", "L"}},
    {"not-yet", {"n", "=", "+a\n", "=a"}},
};

typedef struct {
  char *folder, *log;
  MailEventFile *file;
  MailEventPosition at;
  gboolean lost;
} World;

static char *sibling(const World *world, const char *suffix) {
  return g_strconcat(world->log, suffix, NULL);
}

static void append(const World *world, const char *text) {
  FILE *stream = fopen(world->log, "a");
  fputs(text, stream);
  fclose(stream);
  g_usleep(10000); /* the kernel's clock of files ticks every few milliseconds */
}

static void rename_log(const World *world) {
  g_autofree char *one = sibling(world, ".1"), *two = sibling(world, ".2");
  (void)!g_rename(one, two);
  g_assert_cmpint(g_rename(world->log, one), ==, 0);
}

static void reopen(World *world) {
  g_autoptr(GError) error = NULL;
  mail_event_file_free(world->file);
  world->file = mail_event_file_open(world->log, &world->at, &error);
  g_assert_no_error(error);
}

static void read_all(World *world, const char *wanted) {
  g_autoptr(GString) got = g_string_new(NULL);
  if (world->file == NULL)
    reopen(world);
  world->lost = FALSE;
  for (gboolean more = TRUE; more;) {
    g_auto(MailEventBatch) batch = {0};
    g_assert_true(mail_event_file_next(world->file, &batch, NULL));
    g_assert_cmpint(batch.before.inode, ==, world->at.inode == 0 ? batch.before.inode : world->at.inode);
    g_assert_cmpint(batch.before.offset, ==, world->at.offset);
    for (guint i = 0; i < batch.lines->len; i++)
      g_string_append_printf(got, "%s%s", got->len > 0 ? "," : "", (const char *)batch.lines->pdata[i]);
    world->lost = world->lost || batch.lost;
    world->at = batch.after;
    more = batch.moved;
  }
  g_assert_cmpstr(got->str, ==, wanted);
}

static void compress_name(const World *world) {
  g_autofree char *one = sibling(world, ".1"), *packed = sibling(world, ".1.gz"), *copy = NULL;
  gsize n;
  g_assert_true(g_file_get_contents(one, &copy, &n, NULL)); /* another inode, as a compressor makes */
  g_assert_true(g_file_set_contents(packed, copy, (gssize)n, NULL));
  g_unlink(one);
}

static void step(World *world, const char *what) {
  switch (*what) {
  case '+':
    append(world, what + 1);
    break;
  case 'r':
    rename_log(world);
    break;
  case 'n':
    append(world, "");
    break;
  case 't':
    g_assert_cmpint(truncate(world->log, 0), ==, 0);
    break;
  case 'z':
    compress_name(world);
    break;
  case '=':
    read_all(world, what + 1);
    break;
  case 'o':
    reopen(world);
    break;
  default:
    g_assert_true(world->lost);
    break;
  }
}

static void test_script(gconstpointer data) {
  const Script *script = data;
  World world = {.folder = g_dir_make_tmp("gatepost-events-XXXXXX", NULL)};
  world.log = g_build_filename(world.folder, "dovecot.log", NULL);
  for (gsize i = 0; i < G_N_ELEMENTS(script->steps) && script->steps[i] != NULL; i++) {
    g_test_message("%s", script->steps[i]);
    step(&world, script->steps[i]);
  }
  mail_event_file_free(world.file);
  static const char *const suffixes[] = {"", ".1", ".2", ".1.gz"};
  for (gsize i = 0; i < G_N_ELEMENTS(suffixes); i++) {
    g_autofree char *path = sibling(&world, suffixes[i]);
    g_unlink(path);
  }
  g_rmdir(world.folder);
  g_free(world.folder);
  g_free(world.log);
}

static void test_long_line(void) {
  World world = {.folder = g_dir_make_tmp("gatepost-events-XXXXXX", NULL)};
  world.log = g_build_filename(world.folder, "dovecot.log", NULL);
  g_autofree char *line = g_strnfill(LIMIT_EVENT_LINE_BYTES * 3, 'x');
  append(&world, "a\n");
  append(&world, line);
  append(&world, "\nb\n");
  read_all(&world, "a,b");
  mail_event_file_free(world.file);
  g_unlink(world.log);
  g_rmdir(world.folder);
  g_free(world.folder);
  g_free(world.log);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/mail_events/lines", test_lines);
  for (gsize i = 0; i < G_N_ELEMENTS(scripts); i++) {
    g_autofree char *path = g_strdup_printf("/mail_events/file/%s", scripts[i].name);
    g_test_add_data_func(path, &scripts[i], test_script);
  }
  g_test_add_func("/mail_events/file/long-line", test_long_line);
  return g_test_run();
}
