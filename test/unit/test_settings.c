#include "cmd/settings.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cmd/app_error.h"

#define GOOD "public_url: https://gp.example.org\ndatabase: dbname=gatepost\n"
#define LONG_256                                                                                             \
  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" \
  "aaaaaaaaaaaaaaaaaaaaaaaa"

typedef struct {
  const char *text;
  const char *says; /* a part of the message; NULL: good */
  gsize n;          /* 0: strlen */
} FileCase;

static const FileCase file_cases[] = {
    {GOOD, NULL},
    {"# a comment\n\n" GOOD, NULL},
    {"public_url: https://gp.example.org\r\ndatabase: dbname=gatepost\r\n", NULL},
    {"\xef\xbb\xbf" GOOD, NULL},
    {"{public_url: \"https://gp.example.org\", database: dbname=gatepost}\n", NULL},
    {"---\n" GOOD, NULL},
    {GOOD "trusted_proxies: [10.0.0.0/8, \"::1\"]\n", NULL},
    {GOOD "trusted_proxies:\n  - 10.0.0.0/8\n  - 192.0.2.1\n", NULL},
    {GOOD "trusted_proxies: []\n", NULL},
    {GOOD "database_role: \"\"\n", NULL},
    {GOOD "listen: unix:/run/gatepost/http.sock\n", NULL},
    {GOOD "listen: \"[::1]:0\"\n", NULL},
    {GOOD "allow_insecure_public_url: yes\n", NULL},
    /* K01, K02: the file's form */
    {"", "\"public_url\" is not set (GP-1004)"},
    {"# nothing\n", "gatepost.yaml: \"public_url\" is not set (GP-1004)"},
    {"public_url: https://gp.example.org\n", "\"database\" is not set (GP-1004)"},
    {GOOD "public_ulr: x\n",
     "line 3, column 1: \"public_ulr\" is not a setting; did you mean \"public_url\"? (GP-1002)"},
    {GOOD "\n\nzzzzzzzz: x\n", "line 5, column 1: \"zzzzzzzz\" is not a setting (GP-1002)"},
    {GOOD "listen_file: /x\n", "line 3, column 1: \"listen_file\" is not a setting"},
    {GOOD "listen: 127.0.0.1:1\nlisten: 127.0.0.1:2\n",
     "line 4: \"listen\" is set a second time (first in line 3)"},
    {"- " GOOD, "is no list of settings"},
    {"just words\n", "is no list of settings"},
    {GOOD "listen:\n  port: 8\n", "line 3: \"listen\" takes plain text"},
    {GOOD "listen: [127.0.0.1:1]\n", "line 3: \"listen\" takes plain text"},
    {GOOD "trusted_proxies: 10.0.0.1\n", "line 3: \"trusted_proxies\" takes a list"},
    {GOOD "trusted_proxies: [[10.0.0.1]]\n", "line 3: \"trusted_proxies\" takes plain text"},
    {GOOD "log_level: \"info\n", "is not the YAML we read"},
    {GOOD "log_level: &a info\nlog_format: *a\n", "no aliases"},
    {GOOD "? [a]\n: b\n", "is not the YAML we read"},
    {GOOD "---\n" GOOD, "more than one document"},
    {"public_url: \xff\n", "is not UTF-8 (GP-1001)"},
    {GOOD "\0x", "holds a NUL byte (GP-1001)", sizeof(GOOD "\0x") - 1},
    {GOOD "log_level: \"\\0info\"\n", "writes a NUL as an escape"},
    {GOOD "\tlog_level: info\n", "is not the YAML we read"},
    /* K03: numbers */
    {GOOD "database_connections: 1\n", NULL},
    {GOOD "database_connections: 100\n", NULL},
    {GOOD "database_connections: 0\n",
     "line 3: \"database_connections\" is \"0\"; it takes a whole number from 1 to 100"},
    {GOOD "database_connections: 101\n", "is \"101\""},
    {GOOD "database_connections: -1\n", "is \"-1\""},
    {GOOD "database_connections: 8s\n", "is \"8s\""},
    {GOOD "database_connections: 8 s\n", "is \"8 s\""},
    {GOOD "database_connections: 1e1\n", "is \"1e1\""},
    {GOOD "database_connections: 0x8\n", "is \"0x8\""},
    {GOOD "database_connections: +8\n", "is \"+8\""},
    {GOOD "database_connections: 99999999999999999999\n", "is \"99999999999999999999\""},
    {GOOD "database_connections:\n", "is \"\""},
    {GOOD "allow_insecure_public_url: maybe\n", "takes true or false"},
    {GOOD "listen: 127.0.0.1\n", "takes ADDRESS:PORT"},
    {GOOD "listen: 127.0.0.1:65536\n", "takes ADDRESS:PORT"},
    {GOOD "listen: 127.0.0.1:80a\n", "takes ADDRESS:PORT"},
    {GOOD "listen: localhost:80\n", "takes ADDRESS:PORT"},
    {GOOD "listen: \"::1:80\"\n", "takes ADDRESS:PORT"},
    {GOOD "listen: unix:relative\n", "absolute path of at most 107 bytes"},
    {GOOD "listen: unix:/" LONG_256 "\n", "absolute path of at most 107 bytes"},
    {GOOD "listen:\n", "takes 1 to 512 bytes"},
    {GOOD "trusted_proxies: [10.0.0.1/8]\n", "line 3: \"trusted_proxies\" is \"10.0.0.1/8\""},
    {GOOD "trusted_proxies: [proxy]\n", "line 3: \"trusted_proxies\" is \"proxy\""},
    {GOOD "log_level: loud\n", "takes error, warning, info or debug"},
    {GOOD "log_format: xml\n", "takes auto, text or json"},
    {GOOD "keys_dir: keys\n", "takes an absolute path"},
    {GOOD "database_role: Robert'); --\n", "takes a role name"},
    {GOOD "keys_dir: \"/a\\nb\"\n", "holds a control character"},
    /* K05: contradictions */
    {GOOD "database_file: /x\n",
     "line 2 and line 3: \"database\" and \"database_file\" contradict each other"},
    {GOOD "listen_admin: 127.0.0.1:9000\nlisten: 127.0.0.1:9000\n",
     "line 4 and gatepost.yaml line 3: \"listen\" and \"listen_admin\" are both"},
};

static void test_file(gconstpointer data) {
  const FileCase *c = data;
  g_autoptr(GError) error = NULL;
  gsize n = c->n > 0 ? c->n : strlen(c->text);
  g_autoptr(Settings) settings = settings_parse(settings_rows(), "/etc/gatepost.yaml", c->text, n, &error);
  gboolean good = settings != NULL && settings_agree(settings, &error);
  if (c->says == NULL) {
    g_assert_no_error(error);
    g_assert_true(good);
    return;
  }
  g_assert_false(good);
  g_assert_nonnull(error);
  if (strstr(error->message, c->says) == NULL)
    g_error("\"%s\" does not hold \"%s\"", error->message, c->says);
  g_assert_cmpint(app_error_exit(error), ==, APP_BAD_CONFIG);
  g_assert_cmpint(app_error_code(error), >=, 1001);
}

typedef struct {
  const char *url;
  const char *says; /* NULL: good */
} UrlCase;

/* K04 */
static const UrlCase url_cases[] = {
    {"https://gp.example.org", NULL},
    {"https://gp.example.org/", NULL},
    {"https://gp.example.org:8443", NULL},
    {"https://192.0.2.1", NULL},
    {"https://[2001:db8::1]", NULL},
    {"http://127.0.0.1:8025", NULL},
    {"http://[::1]:8025", NULL},
    {"http://localhost", NULL},
    {"http://gp.example.org", "GP-1210"},
    {"http://127.0.0.1.example.org", "GP-1210"},
    {"ftp://gp.example.org", "must begin with https://"},
    {"gp.example.org", "must begin with https://"},
    {"https://", "does not name a host"},
    {"https://user@gp.example.org", "user name or password"},
    {"https://user:secret@gp.example.org", "user name or password"},
    {"https://gp.example.org/path", "must not hold a path"},
    {"https://gp.example.org/?x", "query or fragment"},
    {"https://gp.example.org/#x", "query or fragment"},
    {"https://gp_1.example.org", "does not name a host"},
    {"https://-gp.example.org", "does not name a host"},
    {"https://gp..example.org", "does not name a host"},
    {"https://gp.example.org\\@evil.example", "is"},
    {"https://[fe80::1%25eth0]", "zone"},
    {"https://gp.example.org:99999", "is not a URL"},
    {"https://gp example.org", "is"},
};

static void test_url(gconstpointer data) {
  const UrlCase *c = data;
  g_autoptr(GError) error = NULL;
  g_autofree char *text = g_strdup_printf("public_url: '%s'\ndatabase: dbname=gatepost\n", c->url);
  g_autoptr(Settings) settings = settings_parse(settings_rows(), "gatepost.yaml", text, strlen(text), &error);
  gboolean good = settings != NULL && settings_agree(settings, &error);
  if (c->says == NULL) {
    g_assert_no_error(error);
    g_autofree char *url = settings_public_url(settings);
    g_assert_false(g_str_has_suffix(url, "/"));
    return;
  }
  g_assert_false(good);
  if (strstr(error->message, c->says) == NULL)
    g_error("\"%s\" does not hold \"%s\"", error->message, c->says);
}

typedef struct {
  const char *conninfo, *shown;
} MaskCase;

static const MaskCase mask_cases[] = {
    {"host=db dbname=gatepost", "host=db dbname=gatepost"},
    {"host=db password=hunter2 dbname=gatepost", "host=db password=******** dbname=gatepost"},
    {"password=hunter2", "password=********"},
    {"password='hun ter2' host=db", "********"},
    {"password = hunter2", "********"},
    {"password=hun\\ ter2", "********"},
    {"passfile=/x host=db", "passfile=/x host=db"},
    {"postgresql://gp@db/gatepost", "postgresql://gp@db/gatepost"},
    {"postgresql://gp:hunter2@db/gatepost", "postgresql://gp:********@db/gatepost"},
    {"postgresql://gp:hun@ter2@db/gatepost", "postgresql://gp:********@db/gatepost"},
    {"postgresql://db/gatepost?password=hunter2", "********"},
};

static void test_mask(gconstpointer data) {
  const MaskCase *c = data;
  g_autoptr(GError) error = NULL;
  g_autofree char *escaped = g_strescape(c->conninfo, NULL);

  g_autofree char *text = g_strdup_printf("public_url: https://gp.example.org\ndatabase: \"%s\"\n", escaped);
  g_autoptr(Settings) settings = settings_parse(settings_rows(), "gatepost.yaml", text, strlen(text), &error);
  g_assert_no_error(error);
  g_assert_cmpstr(settings_string(settings, "database"), ==, c->conninfo);
  g_autofree char *shown = settings_shown(settings, "database");
  g_assert_cmpstr(shown, ==, c->shown);
}

/* ---- files on disk */

typedef struct {
  char *folder, *path;
} Fixture;

static void set_up(Fixture *fixture, gconstpointer data) {
  (void)data;
  fixture->folder = g_dir_make_tmp("gatepost-settings-XXXXXX", NULL);
  fixture->path = g_build_filename(fixture->folder, "gatepost.yaml", NULL);
}

static void tear_down(Fixture *fixture, gconstpointer data) {
  (void)data;
  g_remove(fixture->path);
  g_remove(fixture->folder);
  g_free(fixture->path);
  g_free(fixture->folder);
}

static void put(const char *path, const char *text, mode_t mode) {
  g_assert_true(g_file_set_contents(path, text, -1, NULL));
  g_assert_cmpint(chmod(path, mode), ==, 0);
}

static void refused(const char *path, const char *says) {
  g_autoptr(GError) error = NULL;
  g_autoptr(Settings) settings = settings_load(settings_rows(), path, &error);
  g_assert_null(settings);
  g_assert_error(error, SETTINGS_ERROR, SETTINGS_ERROR_FILE);
  if (strstr(error->message, says) == NULL)
    g_error("\"%s\" does not hold \"%s\"", error->message, says);
}

static void test_modes(Fixture *fixture, gconstpointer data) {
  (void)data;
  put(fixture->path, GOOD, 0644);
  g_autoptr(Settings) plain = settings_load(settings_rows(), fixture->path, NULL);
  g_assert_nonnull(plain);
  put(fixture->path, GOOD, 0646);
  refused(fixture->path, "may be written by everybody");
  put(fixture->path, "public_url: https://gp.example.org\ndatabase: password=hunter2\n", 0644);
  refused(fixture->path, "line 2: \"database\" holds a secret");
  put(fixture->path, "public_url: https://gp.example.org\ndatabase: password=hunter2\n", 0640);
  g_autoptr(Settings) secret = settings_load(settings_rows(), fixture->path, NULL);
  g_assert_nonnull(secret);
}

static void test_odd_files(Fixture *fixture, gconstpointer data) {
  (void)data;
  refused(fixture->path, "cannot be read: No such file");
  refused(fixture->folder, "is not a file");
  g_assert_cmpint(mkfifo(fixture->path, 0600), ==, 0);
  refused(fixture->path, "is not a file");
  g_remove(fixture->path);
  g_autofree char *big = g_strnfill(65537, '#');
  put(fixture->path, big, 0600);
  refused(fixture->path, "larger than 64 KiB");
}

static void test_secret_file(Fixture *fixture, gconstpointer data) {
  (void)data;
  put(fixture->path, "dbname=gatepost password=hunter2\n", 0600);
  g_autofree char *text =
      g_strdup_printf("public_url: https://gp.example.org\ndatabase_file: %s\n", fixture->path);
  g_autoptr(Settings) settings = settings_parse(settings_rows(), "gatepost.yaml", text, strlen(text), NULL);
  g_assert_nonnull(settings);
  g_assert_cmpstr(settings_string(settings, "database"), ==, "dbname=gatepost password=hunter2");
  g_assert_cmpstr(settings_origin(settings, "database"), ==, "gatepost.yaml line 2");
  g_assert_cmpint(chmod(fixture->path, 0644), ==, 0);
  g_autoptr(GError) error = NULL;
  g_assert_null(settings_parse(settings_rows(), "gatepost.yaml", text, strlen(text), &error));
  g_assert_nonnull(strstr(error->message, "may be read by everybody"));
}

static void test_credential(Fixture *fixture, gconstpointer data) {
  (void)data;
  g_autofree char *path = g_build_filename(fixture->folder, "database", NULL);
  put(path, "dbname=credential", 0400);
  g_setenv("CREDENTIALS_DIRECTORY", fixture->folder, TRUE);
  static const char text[] = "public_url: https://gp.example.org\n";
  g_autoptr(Settings) settings = settings_parse(settings_rows(), "gatepost.yaml", text, strlen(text), NULL);
  g_unsetenv("CREDENTIALS_DIRECTORY");
  g_remove(path);
  g_assert_nonnull(settings);
  g_assert_cmpstr(settings_string(settings, "database"), ==, "dbname=credential");
  g_assert_cmpstr(settings_origin(settings, "database"), ==, "credential database");
}

static void test_environment(void) {
  static const char text[] = GOOD "listen: 127.0.0.1:1\n";
  g_setenv("GATEPOST_LISTEN", "127.0.0.1:2", TRUE);
  g_setenv("GATEPOST_TRUSTED_PROXIES", "10.0.0.1, 10.0.0.2", TRUE);
  g_autoptr(Settings) settings = settings_parse(settings_rows(), "gatepost.yaml", text, strlen(text), NULL);
  g_unsetenv("GATEPOST_LISTEN");
  g_unsetenv("GATEPOST_TRUSTED_PROXIES");
  g_assert_nonnull(settings);
  g_assert_cmpstr(settings_string(settings, "listen"), ==, "127.0.0.1:2");
  g_assert_cmpstr(settings_origin(settings, "listen"), ==, "environment GATEPOST_LISTEN");
  g_assert_cmpstr(settings_origin(settings, "log_level"), ==, "default");
  g_autofree char *shown = settings_shown(settings, "trusted_proxies");
  g_assert_cmpstr(shown, ==, "10.0.0.1, 10.0.0.2");
  g_assert_cmpint(settings_integer(settings, "database_connections"), ==, 8);
  g_assert_false(settings_boolean(settings, "allow_insecure_public_url"));
}

/* What we print as an example we must be able to read, with every setting on. */
static void test_example(void) {
  g_autoptr(GError) error = NULL;
  g_autofree char *example = settings_example(settings_rows());
  g_auto(GStrv) lines = g_strsplit(example, "\n#", -1);
  g_autoptr(GString) all = g_string_new(lines[0]);
  for (char **line = lines + 1; *line != NULL; line++)
    g_string_append_printf(all, "\n%s%s", g_ascii_islower(**line) ? "" : "#", *line);
  g_autoptr(Settings) settings = settings_parse(settings_rows(), "example.yaml", all->str, all->len, &error);
  g_assert_no_error(error);
  for (const SettingsRow *row = settings_rows(); row->name != NULL; row++)
    g_assert_true(g_str_has_prefix(settings_origin(settings, row->name), "example.yaml line "));
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS(file_cases); i++) {
    g_autofree char *path = g_strdup_printf("/settings/file/%02" G_GSIZE_FORMAT, i);
    g_test_add_data_func(path, &file_cases[i], test_file);
  }
  for (gsize i = 0; i < G_N_ELEMENTS(url_cases); i++) {
    g_autofree char *path = g_strdup_printf("/settings/url/%02" G_GSIZE_FORMAT, i);
    g_test_add_data_func(path, &url_cases[i], test_url);
  }
  for (gsize i = 0; i < G_N_ELEMENTS(mask_cases); i++) {
    g_autofree char *path = g_strdup_printf("/settings/mask/%02" G_GSIZE_FORMAT, i);
    g_test_add_data_func(path, &mask_cases[i], test_mask);
  }
  g_test_add("/settings/modes", Fixture, NULL, set_up, test_modes, tear_down);
  g_test_add("/settings/odd-files", Fixture, NULL, set_up, test_odd_files, tear_down);
  g_test_add("/settings/secret-file", Fixture, NULL, set_up, test_secret_file, tear_down);
  g_test_add("/settings/credential", Fixture, NULL, set_up, test_credential, tear_down);
  g_test_add_func("/settings/environment", test_environment);
  g_test_add_func("/settings/example", test_example);
  return g_test_run();
}
