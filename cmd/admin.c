#include "cmd/admin.h"

#include <string.h>

#include "audit/audit.h"
#include "cmd/store_org.h"
#include "lib/crypto.h"
#include "lib/jsontext.h"
#include "lib/text.h"

#define NAME_MAX_CHARACTERS 64
#define NAME_MAX_BYTES (4 * NAME_MAX_CHARACTERS)

gboolean admin_begin(App *app, AdminScope *scope, GError **error) {
  DbPool *pool = app_pool(app, error);
  if (pool == NULL)
    return FALSE;
  *scope = (AdminScope){.pool = pool, .deadline = app_deadline(app), .actor = app_actor(app)};
  return TRUE;
}

static void fail_org(const AdminScope *scope, const char *name, GError **error) {
  g_auto(GStrv) names = store_org_names(scope, error);
  if (names == NULL)
    return;
  g_autofree char *quoted = text_quote(name);
  g_autofree char *nearest = admin_nearest(name, (const char *const *)names);
  app_error_set(error, APP_NOT_FOUND, GP_NO_ORG, "there is no organisation \"%s\"%s", quoted, nearest);
}

gboolean admin_scope(App *app, const VerbCall *call, AdminScope *scope, GError **error) {
  const char *name = verb_value(call, "org");
  if (!admin_begin(app, scope, error))
    return FALSE;
  scope->org_name = name != NULL ? name : ADMIN_DEFAULT_ORG;
  if (!store_org_find(scope, scope->org_name, &scope->org_id, error))
    return FALSE;
  if (scope->org_id != 0)
    return TRUE;
  fail_org(scope, scope->org_name, error);
  return FALSE;
}

void admin_record(Db *db, const AdminScope *scope, const char *action, const char *subject, json_t *detail) {
  g_autoptr(json_t) keep G_GNUC_UNUSED = detail;
  char request_id[CRYPTO_UUID_TEXT_BYTES];
  AuditRecord record = {.org_id = scope->org_id,
                        .kind = AUDIT_ADMIN,
                        .request_id = crypto_uuid(request_id),
                        .actor = scope->actor,
                        .action = action,
                        .subject = subject,
                        .detail = detail};
  audit_queue(db, &record);
}

gboolean admin_name(const char *what, const char *name, GError **error) {
  g_autofree char *clean = text_clean(name, NAME_MAX_BYTES + 1);
  if (*name != '\0' && strcmp(clean, name) == 0 && g_utf8_strlen(name, -1) <= NAME_MAX_CHARACTERS)
    return TRUE;
  g_autofree char *quoted = text_quote(name);
  app_error_set(error, APP_USAGE, 0,
                "\"%s\" cannot be the name of %s; it takes 1 to %d characters, no controls", quoted, what,
                NAME_MAX_CHARACTERS);
  return FALSE;
}

char *admin_nearest(const char *word, const char *const *names) {
  const char *near = text_nearest(word, names);
  if (near != NULL)
    return g_strdup_printf("; did you mean \"%s\"?", near);
  if (names[0] == NULL)
    return g_strdup("");
  g_autofree char *list = g_strjoinv(", ", (char **)names);
  g_autofree char *clipped = text_quote(list);
  return g_strdup_printf("; there is: %s", clipped);
}

char *admin_org_option(const AdminScope *scope) {
  if (strcmp(scope->org_name, ADMIN_DEFAULT_ORG) == 0)
    return g_strdup("");
  return g_strdup_printf(" --org %s", scope->org_name);
}

char *admin_moment(gint64 wall_us, const char *never) {
  if (wall_us == 0)
    return g_strdup(never);
  char day[CLOCK_TEXT_BYTES], instant[CLOCK_TEXT_BYTES];
  clock_format(wall_us, instant);
  return g_strdup_printf("%s, %.5s", clock_format_day(wall_us, day), strchr(instant, 'T') + 1);
}

json_t *admin_time(gint64 wall_us) {
  char text[CLOCK_TEXT_BYTES];
  return wall_us == 0 ? json_null() : json_string(clock_format(wall_us, text));
}
