#include "cmd/org.h"

#include <string.h>

#include "cmd/store_org.h"
#include "lib/text.h"

#define NAME_MAX_BYTES 63 /* it stands in a URL and may become a DNS label */

static gboolean valid_name(const char *name) {
  gsize n = strlen(name);
  if (n == 0 || n > NAME_MAX_BYTES || *name == '-')
    return FALSE;
  return strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == n;
}

int verb_org_create(App *app, const VerbCall *call, GError **error) {
  const char *name = verb_argument(call, 0);
  if (!valid_name(name)) {
    g_autofree char *quoted = text_quote(name);
    app_error_set(
        error, APP_USAGE, 0,
        "\"%s\" cannot be the name of an organisation; it takes 1 to %d of a-z, 0-9 and -, not - first",
        quoted, NAME_MAX_BYTES);
    return APP_USAGE;
  }
  AdminScope scope;
  gint64 org_id = 0;
  if (!admin_begin(app, &scope, error) || !store_org_create(&scope, name, &org_id, error))
    return APP_FAILED;
  static const OutputColumn columns[] = {{"id", "Id"}, {"name", "Name"}, {NULL}};
  output_record(app_output(app), columns, json_pack("{s:I, s:s}", "id", (json_int_t)org_id, "name", name));
  output_say(app_output(app), "Next: gatepost source add NAME --org %s", name);
  return APP_OK;
}

int verb_org_list(App *app, const VerbCall *call, GError **error) {
  (void)call;
  AdminScope scope;
  if (!admin_begin(app, &scope, error))
    return APP_FAILED;
  json_t *envelope = store_org_list(&scope, error);
  if (envelope == NULL)
    return APP_FAILED;
  static const OutputColumn columns[] = {{"id", "Id"},         {"name", "Name"},     {"sources", "Sources"},
                                         {"people", "People"}, {"groups", "Groups"}, {NULL}};
  output_records(app_output(app), columns, envelope, "orgs");
  return APP_OK;
}
