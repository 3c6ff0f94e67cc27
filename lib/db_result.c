#include "lib/db.h"

#include <stdlib.h>

#include "lib/db_internal.h"

struct DbResult {
  PGresult *result;
};

DbResult *db_result_new(PGresult *result) {
  DbResult *self = g_new(DbResult, 1);
  self->result = result;
  return self;
}

void db_result_free(DbResult *result) {
  if (result == NULL)
    return;
  PQclear(result->result);
  g_free(result);
}

int db_rows(const DbResult *result) {
  return PQntuples(result->result);
}

int db_affected(const DbResult *result) {
  return (int)g_ascii_strtoll(PQcmdTuples(result->result), NULL, 10);
}

gboolean db_null(const DbResult *result, int row, int column) {
  g_assert(row >= 0 && row < PQntuples(result->result));
  g_assert(column >= 0 && column < PQnfields(result->result));
  return PQgetisnull(result->result, row, column) == 1;
}

const char *db_text(const DbResult *result, int row, int column) {
  return db_null(result, row, column) ? NULL : PQgetvalue(result->result, row, column);
}

gint64 db_int(const DbResult *result, int row, int column) {
  const char *text = db_text(result, row, column);
  return text == NULL ? 0 : g_ascii_strtoll(text, NULL, 10);
}

gboolean db_bool(const DbResult *result, int row, int column) {
  const char *text = db_text(result, row, column);
  return text != NULL && text[0] == 't';
}

GBytes *db_bytes(const DbResult *result, int row, int column) {
  const char *text = db_text(result, row, column);
  if (text == NULL)
    return NULL;
  gsize n;
  unsigned char *bytes = PQunescapeBytea((const unsigned char *)text, &n);
  g_assert(bytes != NULL);
  return g_bytes_new_with_free_func(bytes, n, (GDestroyNotify)PQfreemem, bytes);
}
