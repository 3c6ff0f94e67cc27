#include "mail/event.h"

#include <string.h>

#include "lib/cidr.h"
#include "lib/clock.h"
#include "lib/text.h"

#define MARK "stats: Info: {"
#define PREFIX_BYTES 128
#define TEXT_BYTES 1024

typedef struct {
  const char *command, *reason; /* of imap_command_finished; reason NULL: any */
  const char *action, *object;
} Access;

/* The first row that fits. Commands that touch no mailbox have none. */
static const Access accesses[] = {
    {"FETCH", "imap:fetch_body", "read", "Message"},
    {"UID FETCH", "imap:fetch_body", "read", "Message"},
    {"FETCH", NULL, "read_summary", "Message"},
    {"UID FETCH", NULL, "read_summary", "Message"},
    {"SEARCH", NULL, "read_summary", "Folder"},
    {"UID SEARCH", NULL, "read_summary", "Folder"},
    {"SORT", NULL, "read_summary", "Folder"},
    {"UID SORT", NULL, "read_summary", "Folder"},
    {"THREAD", NULL, "read_summary", "Folder"},
    {"UID THREAD", NULL, "read_summary", "Folder"},
    {"SELECT", NULL, "read_hierarchy", "Folder"},
    {"EXAMINE", NULL, "read_hierarchy", "Folder"},
    {"STATUS", NULL, "read_hierarchy", "Folder"},
    {"LIST", NULL, "read_hierarchy", "Folder"},
    {"LSUB", NULL, "read_hierarchy", "Folder"},
    {"APPEND", NULL, "create", "Message"},
    {"CREATE", NULL, "create", "Folder"},
    {"RENAME", NULL, "update", "Folder"},
    {"DELETE", NULL, "delete", "Folder"},
    {"STORE", NULL, "update_read_state", "Message"},
    {"UID STORE", NULL, "update_read_state", "Message"},
    {"COPY", NULL, "copy", "Message"},
    {"UID COPY", NULL, "copy", "Message"},
    {"MOVE", NULL, "move", "Message"},
    {"UID MOVE", NULL, "move", "Message"},
    {"EXPUNGE", NULL, "delete", "Message"},
    {"UID EXPUNGE", NULL, "delete", "Message"},
    {"GETACL", NULL, "read_permissions", "Folder"},
    {"SETACL", NULL, "update_permissions", "Folder"},
    {"DELETEACL", NULL, "update_permissions", "Folder"},
};

/* What stands before MARK: a time, perhaps a host and "dovecot: " or "dovecot[pid]: ". A ": " of another kind means that another
 * process speaks, and quotes what a stranger may have typed. */
static gboolean is_prefix(const char *line, gsize n) {
  g_autofree char *prefix = g_strndup(line, n);
  char *program = n > PREFIX_BYTES ? NULL : g_strrstr(prefix, "dovecot");
  if (n > PREFIX_BYTES)
    return FALSE;
  if (program != NULL && g_str_has_suffix(program, ": ")) {
    const char *rest = program + strlen("dovecot");
    if (*rest == '[')
      rest += 1 + strspn(rest + 1, "0123456789]");
    if (strcmp(rest, ": ") != 0)
      return FALSE;
    *program = '\0';
  }
  return strstr(prefix, ": ") == NULL;
}

static const char *field(const json_t *fields, const char *name) {
  return json_string_value(json_object_get(fields, name));
}

static void put(json_t *detail, const char *name, const char *text) {
  if (text == NULL)
    return;
  g_autofree char *shown = text_clean(text, TEXT_BYTES);
  json_object_set_new(detail, name, json_string(shown));
}

static void put_number(json_t *detail, const char *name, const json_t *value) {
  if (json_is_integer(value) && json_integer_value(value) >= 0)
    json_object_set_new(detail, name, json_integer(json_integer_value(value)));
}

static gboolean has_reason(const json_t *fields, const char *wanted) {
  const json_t *reasons = json_object_get(fields, "reason_code");
  gsize i;
  json_t *reason;
  json_array_foreach(reasons, i, reason) if (g_strcmp0(json_string_value(reason), wanted) == 0) return TRUE;
  return FALSE;
}

static const Access *find_access(const json_t *fields) {
  const char *command = field(fields, "cmd_name");
  for (gsize i = 0; command != NULL && i < G_N_ELEMENTS(accesses); i++)
    if (strcmp(accesses[i].command, command) == 0 &&
        (accesses[i].reason == NULL || has_reason(fields, accesses[i].reason)))
      return &accesses[i];
  return NULL;
}

static MailEventKind fill_command(const json_t *fields, MailEvent *event) {
  const Access *access = find_access(fields);
  if (access == NULL)
    return MAIL_EVENT_OTHER;
  event->action = access->action;
  put(event->detail, "protocol", "IMAP");
  put(event->detail, "object_type", access->object);
  put(event->detail, "folder_path", field(fields, "mailbox"));
  put_number(event->detail, "bytes_out", json_object_get(fields, "bytes_out"));
  gboolean allowed = g_strcmp0(field(fields, "tagged_reply_state"), "OK") == 0;
  json_object_set_new(event->detail, "action_allowed", json_integer(allowed));
  return MAIL_EVENT_ACCESS;
}

/* A session of doveadm's is gatepost or an admin, not the person. "service:imap" among the event's categories. */
static const char *service_of(const json_t *root) {
  gsize i;
  json_t *category;
  json_array_foreach(json_object_get(root, "categories"), i, category) {
    const char *text = json_string_value(category);
    if (text != NULL && g_str_has_prefix(text, "service:"))
      return text + strlen("service:");
  }
  return NULL;
}

static MailEventKind fill_session(const json_t *root, const json_t *fields, MailEvent *event) {
  const char *service = service_of(root);
  if (service == NULL || strcmp(service, "lmtp") == 0 || strcmp(service, "doveadm") == 0)
    return MAIL_EVENT_OTHER;
  g_autofree char *protocol = g_ascii_strup(service, -1);
  event->action = "session_end";
  put(event->detail, "protocol", protocol);
  put_number(event->detail, "duration_us", json_object_get(fields, "duration"));
  return MAIL_EVENT_ACCESS;
}

/* The subject stays out of the record: it is content. */
static MailEventKind fill_delivery(const json_t *fields, MailEvent *event) {
  event->action = "create";
  put(event->detail, "protocol", "IncomingEmail");
  put(event->detail, "object_type", "Message");
  put_number(event->detail, "size", json_object_get(fields, "message_size"));
  json_object_set_new(event->detail, "action_allowed", json_integer(1));
  return MAIL_EVENT_ACCESS;
}

/* Milliseconds since 1970, as WorkMail writes them. */
static gboolean put_time(const json_t *root, json_t *detail) {
  const char *text = field(root, "end_time");
  gint64 wall_us;
  if (text == NULL || !clock_parse(text, &wall_us))
    return FALSE;
  json_object_set_new(detail, "event_timestamp", json_integer(wall_us / 1000));
  return TRUE;
}

static char *read_ip(const char *text) {
  IpAddress address;
  char printed[CIDR_TEXT_BYTES];
  return text != NULL && cidr_address_parse(text, &address) ? g_strdup(cidr_address_format(&address, printed))
                                                            : NULL;
}

static MailEventKind fill(const json_t *root, const json_t *fields, MailEvent *event) {
  const char *name = field(root, "event");
  if (strcmp(name, "imap_command_finished") == 0)
    return fill_command(fields, event);
  if (strcmp(name, "mail_user_session_finished") == 0)
    return fill_session(root, fields, event);
  return strcmp(name, "mail_delivery_finished") == 0 ? fill_delivery(fields, event) : MAIL_EVENT_OTHER;
}

static MailEventKind read_event(const json_t *root, MailEvent *event) {
  const json_t *fields = json_object_get(root, "fields");
  if (field(root, "event") == NULL || !json_is_object(fields))
    return MAIL_EVENT_BROKEN;
  g_auto(MailEvent) found = {.detail = json_object()};
  MailEventKind kind = fill(root, fields, &found);
  if (kind != MAIL_EVENT_ACCESS)
    return kind;
  const char *user = field(fields, "user"), *recipient = field(fields, "rcpt_to");
  const char *login = user != NULL ? user : recipient;
  if (login == NULL || strchr(login, '@') == NULL || !put_time(root, found.detail))
    return MAIL_EVENT_BROKEN;
  found.login = g_utf8_strdown(login, -1);
  found.source_ip = read_ip(field(fields, "remote_ip"));
  found.session = g_strdup(field(fields, "session"));
  put(found.detail, "source_ip", found.source_ip);
  put(found.detail, "session", found.session);
  put(found.detail, "action", found.action);
  *event = found;
  found = (MailEvent){0};
  return MAIL_EVENT_ACCESS;
}

MailEventKind mail_event_parse(const char *line, gsize n, MailEvent *event) {
  const char *mark = memmem(line, n, MARK, strlen(MARK));
  if (mark == NULL || memchr(line, '\0', n) != NULL || !is_prefix(line, (gsize)(mark - line)))
    return MAIL_EVENT_OTHER;
  const char *object = mark + strlen(MARK) - 1;
  g_autoptr(json_t) root = jsontext_load(object, n - (gsize)(object - line), NULL);
  return root == NULL ? MAIL_EVENT_BROKEN : read_event(root, event);
}

void mail_event_clear(MailEvent *event) {
  g_clear_pointer(&event->login, g_free);
  g_clear_pointer(&event->source_ip, g_free);
  g_clear_pointer(&event->session, g_free);
  g_clear_pointer(&event->detail, json_decref);
}
