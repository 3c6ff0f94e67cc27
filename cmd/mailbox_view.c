#include "cmd/mailbox_view.h"

#include "cmd/doors.h"

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

static char *moment(const json_t *door) {
  gint64 at = 0;
  const char *text = json_string_value(json_object_get(door, "at"));
  return text != NULL && clock_parse(text, &at) ? admin_moment(at, "") : g_strdup("");
}

/* "sign-in shut, 24 Nov 2026, 10:14" */
static json_t *doors_lines(const json_t *doors) {
  json_t *lines = json_array();
  const char *name;
  json_t *door;
  json_object_foreach((json_t *)doors, name, door) {
    g_autofree char *at = moment(door);
    const char *state = json_string_value(json_object_get(door, "state"));
    g_autofree char *line = g_strdup_printf("%s %s, %s", name, state != NULL ? state : "", at);
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
  json_object_set_new(row, "doors", doors_lines(json_object_get(mailbox, "doors")));
  json_decref(mailbox);
  output_record(output, columns, row);
}

json_t *mailbox_view_lines(const json_t *mailbox) {
  if (!json_is_object(mailbox))
    return NULL;
  json_t *lines = doors_lines(json_object_get(mailbox, "doors"));
  g_autofree char *first = g_strdup_printf("%s, %s", json_string_value(json_object_get(mailbox, "address")),
                                           json_string_value(json_object_get(mailbox, "state")));
  json_array_insert_new(lines, 0, json_string(first));
  return lines;
}
