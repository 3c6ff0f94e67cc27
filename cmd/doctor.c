#include "cmd/doctor.h"

#include <stdarg.h>

#include "lib/explain.h"
#include "lib/jsontext.h"

struct Doctor {
  Output *output;
  const char *group;
  json_t *lines;
  DoctorState worst;
};

typedef struct {
  const char *name, *mark;
  char colour;
} StateRow;

static const StateRow states[] = {
    [DOCTOR_GOOD] = {"good", "✓", 'g'},
    [DOCTOR_WARNING] = {"warning", "!", 'y'},
    [DOCTOR_BROKEN] = {"broken", "✗", 'r'},
};

void doctor_group(Doctor *doctor, const char *group) {
  doctor->group = group;
}

void doctor_find(Doctor *doctor, DoctorState state, int code, const char *format, ...) {
  va_list args;
  va_start(args, format);
  g_autofree char *words = g_strdup_vprintf(format, args);
  va_end(args);
  const ExplainRow *row = code == 0 ? NULL : explain_find(code);
  g_autofree char *text = code == 0 ? NULL : g_strdup_printf("GP-%04d", code);
  json_array_append_new(doctor->lines, json_pack("{s:s, s:s, s:s?, s:s, s:s?}", "group", doctor->group,
                                                 "state", states[state].name, "code", text, "words", words,
                                                 "next", row == NULL ? NULL : row->next));
  doctor->worst = MAX(doctor->worst, state);
}

static DoctorState state_of(const json_t *line) {
  const char *name = json_string_value(json_object_get(line, "state"));
  for (gsize i = 0; i < G_N_ELEMENTS(states); i++)
    if (g_strcmp0(states[i].name, name) == 0)
      return (DoctorState)i;
  g_assert_not_reached();
}

static void print_line(const Doctor *doctor, GString *out, const json_t *line) {
  const StateRow *state = &states[state_of(line)];
  const char *code = json_string_value(json_object_get(line, "code"));
  const char *next = json_string_value(json_object_get(line, "next"));
  g_autofree char *mark = output_colour(doctor->output, state->colour, state->mark);
  g_string_append_printf(out, "  %s %s%s%s\n", mark, code == NULL ? "" : code, code == NULL ? "" : " ",
                         json_string_value(json_object_get(line, "words")));
  if (next != NULL)
    g_string_append_printf(out, "    %s\n", next);
}

static void print(const Doctor *doctor) {
  g_autoptr(GString) out = g_string_new(NULL);
  const char *group = NULL;
  size_t i;
  json_t *line;
  json_array_foreach(doctor->lines, i, line) {
    const char *own = json_string_value(json_object_get(line, "group"));
    if (g_strcmp0(group, own) != 0)
      g_string_append_printf(out, "%s\n", own);
    group = own;
    print_line(doctor, out, line);
  }
  output_text(doctor->output, out->str);
}

int verb_doctor(App *app, const VerbCall *call, GError **error) {
  (void)call;
  const Settings *settings = app_settings(app, error);
  if (settings == NULL)
    return APP_BAD_CONFIG;
  g_autoptr(json_t) lines = json_array();
  Doctor doctor = {.output = app_output(app), .lines = lines};
  doctor_check_host(&doctor);
  doctor_check_web(&doctor, settings);
  doctor_check_database(&doctor, settings);
  doctor_check_saml(&doctor, settings);
  static const OutputColumn none[] = {{NULL}};
  if (output_is_json(doctor.output))
    output_record(doctor.output, none,
                  json_pack("{s:s, s:O}", "state", states[doctor.worst].name, "checks", doctor.lines));
  else
    print(&doctor);
  return doctor.worst == DOCTOR_BROKEN ? APP_FAILED : APP_OK;
}
