/* A mailbox as people read it, with the stopwatch of its doors. */
#pragma once

#include "cmd/output.h"

/* One mailbox, or with --json as it is. Takes mailbox. */
void mailbox_view_record(Output *output, json_t *mailbox);
/* The lines of a mailbox in a person's view: array of text; NULL for none. New reference. */
json_t *mailbox_view_lines(const json_t *mailbox);
