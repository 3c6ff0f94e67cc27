/* What the nouns of the mail doors share: the scope in the mail room's terms, networks, records made readable. */
#pragma once

#include "cmd/admin.h"
#include "mail/scope.h"

/* The organisation that --org names. admin (may be NULL) gets the same for the admin's helpers. */
gboolean doors_scope(App *app, const VerbCall *call, MailScope *scope, AdminScope *admin, GError **error);
/* All values of the option as canonical networks. NULL with a USAGE error. Free with g_strfreev. */
char **doors_networks(const VerbCall *call, const char *option, GError **error);
/* A table's row out of a JSON record: lists joined, null and "" as `none`, times as people read them. New reference. */
json_t *doors_row(const json_t *record, const char *none);
/* The array as a table, or with --json the envelope {name: array}. Takes array. */
void doors_table(Output *output, const OutputColumn *columns, json_t *array, const char *name);
/* One record, or with --json as it is. Takes record. */
void doors_record(Output *output, const OutputColumn *columns, json_t *record);
