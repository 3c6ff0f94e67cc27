#include "cmd/init.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/audit.h"
#include "cmd/init_plan.h"
#include "cmd/store_house.h"
#include "lib/db_migrate.h"

#define SERVICE_NAME "gatepost" /* the user and group of the service, made by the package */
#define ASK_URL "Public address, as in https://gatepost.example.org"
#define ASK_DATABASE "Database, as in host=/var/run/postgresql dbname=gatepost"
#define MODE_FOLDER 0755
#define MODE_KEYS 0700
#define MODE_ALONE 0600
#define MODE_GROUP 0640

static gboolean fail_file(const char *path, GError **error) {
  app_error_set(error, APP_FAILED, 1020, "%s could not be made: %s", path, g_strerror(errno));
  return FALSE;
}

/* As root the service's own user gets its keys; anybody else keeps what he makes. */
static gboolean make_keys(const char *path, GError **error) {
  if (g_mkdir_with_parents(path, MODE_FOLDER) != 0 || chmod(path, MODE_KEYS) != 0)
    return fail_file(path, error);
  const struct passwd *service = geteuid() == 0 ? getpwnam(SERVICE_NAME) : NULL;
  return service == NULL || chown(path, service->pw_uid, service->pw_gid) == 0 || fail_file(path, error);
}

static gboolean fill(int descriptor, const char *text) {
  gsize n = strlen(text);
  const struct group *service = geteuid() == 0 ? getgrnam(SERVICE_NAME) : NULL;
  if (service != NULL &&
      (fchown(descriptor, (uid_t)-1, service->gr_gid) != 0 || fchmod(descriptor, MODE_GROUP) != 0))
    return FALSE;
  return write(descriptor, text, n) == (ssize_t)n && fsync(descriptor) == 0;
}

static gboolean write_settings(const char *path, const char *text, GError **error) {
  g_autofree char *folder = g_path_get_dirname(path);
  if (g_mkdir_with_parents(folder, MODE_FOLDER) != 0)
    return fail_file(folder, error);
  int descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, MODE_ALONE);
  if (descriptor < 0)
    return fail_file(path, error);
  gboolean filled = fill(descriptor, text);
  int why = errno;
  close(descriptor);
  if (filled)
    return TRUE;
  unlink(path);
  errno = why;
  return fail_file(path, error);
}

static gboolean do_database(const InitPlan *plan, Db *db, GError **error) {
  if (plan->roles_missing && plan->may_make_roles && !store_house_make_roles(db, error))
    return FALSE;
  return db_migrate_run(db, NULL, error) && store_house_grant(db, error) &&
         audit_prepare_partitions(db, error);
}

static gboolean do_plan(const InitPlan *plan, Db *db, GError **error) {
  if (plan->text != NULL && !write_settings(plan->config, plan->text, error))
    return FALSE;
  if (plan->keys_missing && !make_keys(plan->keys_dir, error))
    return FALSE;
  return do_database(plan, db, error);
}

static void say_next(App *app, const char *domain) {
  Output *output = app_output(app);
  output_say(output, "Next:");
  output_say(output,
             "  start it                    sudo systemctl enable --now gatepost   (or: gatepost serve)");
  output_say(output, "  put it behind a web server  gatepost proxy config nginx   (or caddy, haproxy)");
  output_say(output, "  claim your mail domain      gatepost domain add %s",
             domain == NULL ? "example.org" : domain);
  output_say(output, "  name an identity provider   gatepost source add Okta --profile okta");
  output_say(output, "  make its key                gatepost scim-token create --source Okta --name prod");
  output_say(output, "  check everything            gatepost doctor");
}

static const OutputColumn columns[] = {{"mark", ""}, {"what", "plan"}, {NULL}};

static int carry_out(App *app, const VerbCall *call, const InitPlan *plan, Db *db, GError **error) {
  Output *output = app_output(app);
  if (!output_is_json(output) || verb_given(call, "plan"))
    output_records(output, columns, init_plan_json(plan), "plan");
  if (verb_given(call, "plan")) {
    output_say(output, "Nothing was changed.");
    return APP_OK;
  }
  if (init_plan_is_empty(plan))
    output_say(output, "Everything is there already; nothing was changed.");
  else if (!output_confirm(output, "Go ahead?", verb_given(call, "yes"), error) || !do_plan(plan, db, error))
    return APP_FAILED;
  if (output_is_json(output))
    output_record(output, columns,
                  json_pack("{s:s, s:s, s:b}", "config", plan->config, "keysDir", plan->keys_dir, "changed",
                            !init_plan_is_empty(plan)));
  say_next(app, verb_value(call, "domain"));
  return APP_OK;
}

/* The settings file and the folder for keys beside it. */
typedef struct {
  char *config, *keys_dir;
} Places;

static void places_clear(Places *places) {
  g_free(places->config);
  g_free(places->keys_dir);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Places, places_clear)

static void find_places(const App *app, const VerbCall *call, Places *places) {
  const char *folder = verb_value(call, "dir");
  g_autofree char *named =
      folder == NULL ? g_strdup(app_config(app)) : g_build_filename(folder, "gatepost.yaml", NULL);
  places->config = g_canonicalize_filename(named, NULL);
  g_autofree char *own = g_path_get_dirname(places->config);
  places->keys_dir = g_build_filename(own, "keys", NULL);
}

/* The option, else the terminal's answer. question NULL: do not ask. */
static gboolean wish(App *app, const VerbCall *call, const char *option, const char *question, char **text,
                     GError **error) {
  *text = g_strdup(verb_value(call, option));
  if (*text != NULL || question == NULL)
    return TRUE;
  *text = output_ask(app_output(app), question);
  if (*text != NULL)
    return TRUE;
  app_error_set(error, APP_USAGE, 0, "gatepost init needs --%s when there is nobody to ask", option);
  return FALSE;
}

int verb_init(App *app, const VerbCall *call, GError **error) {
  g_auto(Places) places = {NULL, NULL};
  find_places(app, call, &places);
  gboolean ask = access(places.config, F_OK) != 0;
  g_autofree char *url = NULL, *database = NULL;
  if (!wish(app, call, "public-url", ask ? ASK_URL : NULL, &url, error) ||
      !wish(app, call, "database", ask ? ASK_DATABASE : NULL, &database, error))
    return APP_USAGE;
  InitWishes wishes = {places.config, places.keys_dir, url, database};
  g_autoptr(Db) db = NULL;
  g_autoptr(InitPlan) plan = init_plan_new(&wishes, &db, error);
  return plan == NULL ? APP_FAILED : carry_out(app, call, plan, db, error);
}
