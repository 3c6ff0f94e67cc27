/* What scim/directory.h answers, made readable: one line for each nested thing. */
#pragma once

#include "cmd/output.h"

/* A page of `name`, and how many there are in all. Takes page. */
void directory_view_page(Output *output, const OutputColumn *columns, json_t *page, const char *name);
/* One person or group; with --json the object as it is. Takes record. */
void directory_view_record(Output *output, const OutputColumn *columns, json_t *record);
/* NOT_FOUND becomes the command's own, with this code; other errors pass. Takes failure. */
void directory_view_missing(GError *failure, int gp_code, GError **error);
