#include "cmd/mailbox_view.h"

#include "cmd/doors.h"
#include "cmd/quota.h"

#define TIME_OF_DAY 11 /* where it begins in 2026-11-24T10:14:03.120000Z */

static const OutputColumn columns[] = {{"address", "Address"},
                                       {"person", "Person"},
                                       {"state", "State"},
                                       {"why", "Why"},
                                       {"group", "Group"},
                                       {"aliases", "Aliases"},
                                       {"quota", "Quota"},
                                       {"protocols", "Protocols"},
                                       {"origin", "Origin"},
                                       {"backend", "Store"},
                                       {"home", "Home"},
                                       {"doors", "Doors"},
                                       {"lent_until", "Sign-ins lent until"},
                                       {"contained", "Contained"},
                                       {"error", "Last trouble"},
                                       {NULL}};

/* To the millisecond: it is a stopwatch. */
static char *moment(const json_t *door) {
  gint64 at = 0;
  char day[CLOCK_TEXT_BYTES], exact[CLOCK_TEXT_BYTES];
  const char *text = json_string_value(json_object_get(door, "at"));
  if (text == NULL || !clock_parse(text, &at))
    return g_strdup("");
  return g_strdup_printf("%s, %.12s", clock_format_day(at, day), clock_format(at, exact) + TIME_OF_DAY);
}

/* "sign-in" is one row for every protocol: the same row of the database shuts them all. */
static char *door_name(const json_t *mailbox, const char *name) {
  g_autoptr(GString) list = g_string_new(NULL);
  gsize i;
  json_t *protocol;
  if (g_strcmp0(name, "sign-in") != 0)
    return g_strdup(name);
  json_array_foreach(json_object_get(mailbox, "protocols"), i, protocol) {
    g_string_append_printf(list, "%s%s", i > 0 ? ", " : "", json_string_value(protocol));
  }
  return g_strdup_printf("sign-in (%s)", list->str);
}

/* "sign-in (imap, smtp) shut, 24 Nov 2026, 10:14:03.120" */
static json_t *doors_lines(const json_t *mailbox) {
  const json_t *doors = json_object_get(mailbox, "doors");
  json_t *lines = json_array();
  const char *name;
  json_t *door;
  json_object_foreach((json_t *)doors, name, door) {
    g_autofree char *at = moment(door), *which = door_name(mailbox, name);
    const char *state = json_string_value(json_object_get(door, "state"));
    g_autofree char *line = g_strdup_printf("%s %s, %s", which, state != NULL ? state : "", at);
    json_array_append_new(lines, json_string(line));
  }
  return lines;
}

void mailbox_view_record(Output *output, json_t *mailbox) {
  if (output_is_json(output)) {
    output_record(output, columns, mailbox);
    return;
  }
  json_t *row = doors_row(mailbox, "-");
  json_object_set_new(row, "doors", doors_lines(mailbox));
  quota_show(row);
  json_decref(mailbox);
  output_record(output, columns, row);
}

json_t *mailbox_view_lines(const json_t *mailbox) {
  if (!json_is_object(mailbox))
    return NULL;
  json_t *lines = doors_lines(mailbox);
  g_autofree char *first = g_strdup_printf("%s, %s", json_string_value(json_object_get(mailbox, "address")),
                                           json_string_value(json_object_get(mailbox, "state")));
  json_array_insert_new(lines, 0, json_string(first));
  return lines;
}
