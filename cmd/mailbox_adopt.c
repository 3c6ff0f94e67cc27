#include "cmd/mailbox.h"

#include "cmd/doors.h"
#include "lib/text.h"
#include "mail/admin.h"
#include "mail/drift.h"
#include "mail/scan.h"

#define FILE_BYTES (4u << 20) /* a list of 100,000 addresses */

static int number(const json_t *object, const char *name) {
  return (int)json_integer_value(json_object_get(object, name));
}

/* Stores that told nothing. TRUE when there is one. */
static gboolean say_silent_stores(Output *output, const json_t *report) {
  const json_t *stores = json_object_get(report, "stores"), *store;
  gboolean any = FALSE;
  gsize i;
  json_array_foreach(stores, i, store) {
    const char *words = json_string_value(json_object_get(store, "words"));
    if (words == NULL)
      continue;
    any = TRUE;
    output_say(output, "%s was not looked at: %s", json_string_value(json_object_get(store, "name")), words);
  }
  return any;
}

/* ---- scan: what stands in the mail stores */

int verb_mailbox_scan(App *app, const VerbCall *call, GError **error) {
  MailScope scope;
  if (!doors_scope(app, call, &scope, NULL, error))
    return APP_FAILED;
  gboolean plan = verb_given(call, "plan");
  json_t *report = mail_scan_run(&scope, verb_value(call, "backend"), plan, error);
  if (report == NULL)
    return APP_FAILED;
  static const OutputColumn scan_columns[] = {
      {"address", "Address"}, {"state", "State"}, {"home", "Home"}, {"why", "Not to be adopted"}, {NULL}};
  Output *output = app_output(app);
  const json_t *counts = json_object_get(report, "counts");
  gboolean silent = say_silent_stores(output, report);
  int found = number(counts, "new") + number(counts, "known");
  output_say(output, "found %d (%d new), ours %d, not in a verified domain %d, gone %d%s", found,
             number(counts, "new"), number(counts, "ours"), number(counts, "elsewhere"),
             number(counts, "gone"), plan ? "; nothing was noted" : "");
  if (found > 0 && !plan)
    output_say(output, "They are noted and stay as they are. Next: gatepost mailbox adopt --all");
  output_records(output, scan_columns, report, "mailboxes");
  return silent ? APP_PARTLY : APP_OK;
}

/* ---- adopt: takes them over */

static char **read_addresses(const char *path, GError **error) {
  g_autofree char *text = NULL;
  g_autoptr(GError) failure = NULL;
  gsize n = 0;
  if (!g_file_get_contents(path, &text, &n, &failure) || n > FILE_BYTES || !text_is_utf8(text, n)) {
    app_error_set(error, APP_FAILED, GP_MAIL_MAILBOX, "%s cannot be read as a list of addresses: %s", path,
                  failure != NULL ? failure->message : "too large, or not UTF-8");
    return NULL;
  }
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
  for (guint i = 0; lines[i] != NULL; i++) {
    g_strstrip(lines[i]);
    if (*lines[i] != '\0' && *lines[i] != '#')
      g_strv_builder_add(builder, lines[i]);
  }
  return g_strv_builder_end(builder);
}

int verb_mailbox_adopt(App *app, const VerbCall *call, GError **error) {
  const char *path = verb_argument(call, 0);
  if ((path == NULL) != verb_given(call, "all")) {
    app_error_set(error, APP_USAGE, 0,
                  "name a FILE with one address a line, or --all for those that gatepost mailbox scan found");
    return APP_USAGE;
  }
  g_auto(GStrv) addresses = path != NULL ? read_addresses(path, error) : NULL;
  MailScope scope;
  if ((path != NULL && addresses == NULL) || !doors_scope(app, call, &scope, NULL, error))
    return APP_FAILED;
  gboolean plan = verb_given(call, "plan") || !verb_given(call, "yes");
  json_t *report =
      mail_admin_adopt(&scope, (const char *const *)addresses, verb_value(call, "backend"), plan, error);
  if (report == NULL)
    return APP_FAILED;
  const json_t *counts = json_object_get(report, "counts");
  Output *output = app_output(app);
  output_say(output, "exact %d, alias %d, unsure %d, no person %d", number(counts, "exact"),
             number(counts, "alias"), number(counts, "unsure"), number(counts, "none"));
  if (!plan)
    output_say(output,
               "The exact and alias ones follow the directory from now on; the others stay as they were.");
  else
    output_say(output,
               "Nothing was changed. To take over the exact and alias ones, run it again with --yes.");
  static const OutputColumn adopt_columns[] = {
      {"address", "Address"}, {"match", "Match"}, {"person", "Person"}, {"why", "Why"}, {NULL}};
  output_records(output, adopt_columns, report, "mailboxes");
  return APP_OK;
}

/* ---- check: where stores and rows differ */

int verb_mailbox_check(App *app, const VerbCall *call, GError **error) {
  MailScope scope;
  if (!doors_scope(app, call, &scope, NULL, error))
    return APP_FAILED;
  json_t *report = mail_drift_look(&scope, error);
  if (report == NULL)
    return APP_FAILED;
  static const OutputColumn check_columns[] = {{"address", "Address"}, {"drift", "Differs"},
                                               {"store", "Store"},     {"ours", "gatepost"},
                                               {"next", "Next"},       {NULL}};
  Output *output = app_output(app);
  gboolean silent = say_silent_stores(output, report);
  gsize n = json_array_size(json_object_get(report, "mailboxes"));
  if (n == 0)
    output_say(output, "%s",
               silent ? "The others and gatepost agree." : "The mail stores and gatepost agree.");
  else
    output_say(output, "%d differences; nothing was changed.", (int)n);
  output_records(output, check_columns, report, "mailboxes");
  return silent || (n > 0 && verb_given(call, "exit-code")) ? APP_PARTLY : APP_OK;
}
