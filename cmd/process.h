/* What the programs that stay share: signals waited for in the main thread alone, and a database that may come late. */
#pragma once

#include "lib/db_pool.h"
#include "lib/log.h"
#include "lib/settings.h"

/* SIGTERM and SIGINT; all threads made later inherit the mask. */
void process_signals_block(void);
/* The next one ends the process where it stands. */
void process_signals_unblock(void);
/* TRUE when one came within wait_ms (-1: for ever). */
gboolean process_signals_wait(int wait_ms);

/* A pool on a migrated database, in the role for the program; waits for what may pass. NULL without an error: a signal came
 * first. name: what PostgreSQL shows, "gatepost serve". */
DbPool *process_await_database(const Settings *settings, Log *log, const char *name, GError **error);
