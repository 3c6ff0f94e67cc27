#include "lib/db_conninfo.h"

#include <libpq-fe.h>
#include <string.h>

#include "lib/db.h"

char *db_conninfo_value(const char *conninfo, const char *keyword, GError **error) {
  char *message = NULL;
  PQconninfoOption *options = PQconninfoParse(conninfo, &message);
  if (options == NULL) {
    g_set_error(error, DB_ERROR, DB_ERROR_SERVER, "the setting database is no connection string");
    PQfreemem(message); /* may quote a password */
    return NULL;
  }
  const char *found = "";
  for (const PQconninfoOption *option = options; option->keyword != NULL; option++)
    if (strcmp(option->keyword, keyword) == 0 && option->val != NULL)
      found = option->val;
  char *value = g_strdup(found);
  PQconninfoFree(options);
  return value;
}
