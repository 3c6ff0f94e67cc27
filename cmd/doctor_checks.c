#include "cmd/doctor.h"

#include <string.h>
#include <sys/resource.h>

#include <gio/gio.h>

#include "cmd/store_house.h"
#include "lib/clock.h"
#include "lib/db_migrate.h"
#include "lib/limits.h"

#define US 1e6
#define CONNECT_SECONDS 1
#define DATABASE_SECONDS 3
#define CLOCK_WARNING_SECONDS 2.0
#define CLOCK_BROKEN_SECONDS 60.0
#define VERSION_LEAST 150000
#define VERSION_UNIT 10000
/* Connections, the pool, and room for the log, sockets and files. */
#define FILES_LEAST (LIMIT_CONNECTIONS + 256)

void doctor_check_host(Doctor *doctor) {
  struct rlimit limit;
  doctor_group(doctor, "Host");
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
    return;
  if (limit.rlim_max == RLIM_INFINITY || limit.rlim_max >= FILES_LEAST)
    doctor_find(doctor, DOCTOR_GOOD, 0, "open files: enough for %d connections", LIMIT_CONNECTIONS);
  else
    doctor_find(doctor, DOCTOR_WARNING, 1231, "at most %llu open files", (unsigned long long)limit.rlim_max);
}

static gboolean reachable(const char *listen) {
  g_autoptr(GSocketClient) client = g_socket_client_new();
  g_autoptr(GSocketConnection) connection = NULL;
  g_socket_client_set_timeout(client, CONNECT_SECONDS);
  if (!g_str_has_prefix(listen, "unix:")) {
    connection = g_socket_client_connect_to_host(client, listen, 0, NULL, NULL);
    return connection != NULL;
  }
  g_autoptr(GSocketAddress) address = g_unix_socket_address_new(listen + strlen("unix:"));
  connection = g_socket_client_connect(client, G_SOCKET_CONNECTABLE(address), NULL, NULL);
  return connection != NULL;
}

static void check_listener(Doctor *doctor, const char *what, const char *listen) {
  if (reachable(listen))
    doctor_find(doctor, DOCTOR_GOOD, 0, "%s %s answers", what, listen);
  else
    doctor_find(doctor, DOCTOR_BROKEN, 1211, "nothing answers on %s %s", what, listen);
}

void doctor_check_web(Doctor *doctor, const Settings *settings) {
  const char *url = settings_string(settings, "public_url");
  doctor_group(doctor, "Web");
  if (g_str_has_prefix(url, "https://"))
    doctor_find(doctor, DOCTOR_GOOD, 0, "public_url %s", url);
  else
    doctor_find(doctor, DOCTOR_WARNING, 1210, "public_url %s is plain http", url);
  check_listener(doctor, "listen", settings_string(settings, "listen"));
  check_listener(doctor, "listen_admin", settings_string(settings, "listen_admin"));
}

static void check_clock(Doctor *doctor, gint64 database_us) {
  double seconds = (double)(clock_wall() - database_us) / US;
  double apart = ABS(seconds);
  if (apart < CLOCK_WARNING_SECONDS)
    doctor_find(doctor, DOCTOR_GOOD, 0, "clock: this host and the database agree");
  else
    doctor_find(doctor, apart < CLOCK_BROKEN_SECONDS ? DOCTOR_WARNING : DOCTOR_BROKEN, 1230,
                "this host's clock is %.0f s %s the database's", apart, seconds > 0 ? "ahead of" : "behind");
}

static void check_server(Doctor *doctor, Db *db) {
  g_autoptr(GError) error = NULL;
  StoreHouseServer server;
  if (!store_house_server(db, &server, &error)) {
    doctor_find(doctor, DOCTOR_BROKEN, 1304, "%s", error->message);
    return;
  }
  gboolean new_enough = server.version >= VERSION_LEAST;
  doctor_find(doctor, new_enough ? DOCTOR_GOOD : DOCTOR_BROKEN, new_enough ? 0 : 1302, "PostgreSQL %d.%d",
              server.version / VERSION_UNIT, server.version % VERSION_UNIT);
  check_clock(doctor, server.clock_us);
  if (server.month_ready)
    doctor_find(doctor, DOCTOR_GOOD, 0, "audit: next month has its partition");
  else
    doctor_find(doctor, DOCTOR_WARNING, 1305, "audit: next month has no partition");
}

static gboolean check_schema(Doctor *doctor, Db *db) {
  g_autoptr(GError) error = NULL;
  if (db_migrate_check(db, &error)) {
    doctor_find(doctor, DOCTOR_GOOD, 0, "schema is up to date");
    return TRUE;
  }
  int code = app_error_code(error);
  g_autofree char *words = app_error_words(error);
  doctor_find(doctor, DOCTOR_BROKEN, code == 0 ? 8103 : code, "%s", words);
  return FALSE;
}

static void check_role(Doctor *doctor, Db *db, const char *name) {
  StoreHouseRole role;
  g_autoptr(GError) error = NULL;
  if (*name == '\0') {
    doctor_find(doctor, DOCTOR_WARNING, 1303, "database_role is empty: the owner serves");
    return;
  }
  if (!store_house_role(db, name, &role, &error))
    doctor_find(doctor, DOCTOR_BROKEN, 1304, "%s", error->message);
  else if (role.exists && role.member && role.granted)
    doctor_find(doctor, DOCTOR_GOOD, 0, "role %s serves requests", name);
  else
    doctor_find(doctor, DOCTOR_WARNING, 1303, "role %s %s: the owner serves", name,
                !role.exists   ? "does not exist"
                : !role.member ? "is not open to the owner"
                               : "has no rights");
}

static void check_expiry(Doctor *doctor, gint64 n, int days, DoctorState state) {
  if (n > 0)
    doctor_find(doctor, state, state == DOCTOR_GOOD ? 0 : 1240,
                "%" G_GINT64_FORMAT " SCIM token%s within %d days", n, n == 1 ? " expires" : "s expire",
                days);
}

static void check_tokens(Doctor *doctor, Db *db) {
  StoreHouseTokens tokens;
  g_autoptr(GError) error = NULL;
  doctor_group(doctor, "Tokens");
  if (!store_house_tokens(db, &tokens, &error)) {
    doctor_find(doctor, DOCTOR_BROKEN, 1304, "%s", error->message);
    return;
  }
  doctor_find(doctor, DOCTOR_GOOD, 0, "%" G_GINT64_FORMAT " live SCIM token%s", tokens.live,
              tokens.live == 1 ? "" : "s");
  check_expiry(doctor, tokens.in_7, 7, DOCTOR_WARNING);
  check_expiry(doctor, tokens.in_30, 30, DOCTOR_WARNING);
  check_expiry(doctor, tokens.in_90, 90, DOCTOR_GOOD);
  if (tokens.expired > 0)
    doctor_find(doctor, DOCTOR_WARNING, 1241, "%" G_GINT64_FORMAT " expired", tokens.expired);
  if (tokens.unused > 0)
    doctor_find(doctor, DOCTOR_WARNING, 1242, "%" G_GINT64_FORMAT " older than a week, never used",
                tokens.unused);
}

static void check_mail(Doctor *doctor, Db *db, gboolean letters) {
  StoreHouseMail mail;
  g_autoptr(GError) error = NULL;
  doctor_group(doctor, "Mail");
  if (!store_house_mail(db, &mail, &error)) {
    doctor_find(doctor, DOCTOR_BROKEN, 1304, "%s", error->message);
    return;
  }
  doctor_find(doctor, DOCTOR_GOOD, 0, "%" G_GINT64_FORMAT " organisation%s with mail", mail.orgs,
              mail.orgs == 1 ? "" : "s");
  if (mail.held > 0)
    doctor_find(doctor, DOCTOR_WARNING, 4302, "%" G_GINT64_FORMAT " change%s wait for your word", mail.held,
                mail.held == 1 ? "" : "s");
  if (mail.silent > 0)
    doctor_find(doctor, DOCTOR_WARNING, 5234, "%" G_GINT64_FORMAT " of them %s no place for alarms",
                mail.silent, mail.silent == 1 ? "has" : "have");
  if (mail.orgs > 0 && !letters)
    doctor_find(doctor, DOCTOR_WARNING, 5232, "mail_from is empty: no letters leave");
}

void doctor_check_database(Doctor *doctor, const Settings *settings) {
  g_autoptr(GError) error = NULL;
  doctor_group(doctor, "Database");
  g_autoptr(Db) db = db_open(settings_string(settings, "database"), "gatepost doctor",
                             clock_deadline(DATABASE_SECONDS), &error);
  if (db == NULL) {
    doctor_find(doctor, DOCTOR_BROKEN, 1301, "%s", error->message);
    return;
  }
  doctor_find(doctor, DOCTOR_GOOD, 0, "database answers");
  check_server(doctor, db);
  if (!check_schema(doctor, db))
    return;
  check_role(doctor, db, settings_string(settings, "database_role"));
  check_tokens(doctor, db);
  check_mail(doctor, db, *settings_string(settings, "mail_from") != '\0');
}
