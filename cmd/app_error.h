/* What a command failed with: the exit code of the program, and the GP code that people look up. Errors of the rooms
 * below keep their own domain; here is the one place that says what they mean for a command. */
#pragma once

#include <glib.h>

typedef enum {
  APP_OK = 0,
  APP_FAILED = 1,
  APP_USAGE = 2,
  APP_NOT_FOUND = 3,
  APP_REFUSED = 4,     /* a guard said no, or the person did */
  APP_UNREACHABLE = 5, /* database, name server */
  APP_PARTLY = 6,
  APP_BAD_CONFIG = 78, /* EX_CONFIG: the unit does not restart on it */
} AppExit;

/* The code of an APP_ERROR is its AppExit. */
#define APP_ERROR (app_error_quark())
GQuark app_error_quark(void);

/* What happened: lower case, no full stop, values quoted. gp_code 0 (wrong usage only): none. The words of
 * `gatepost explain` for the code (what it means, what to do) are added where the error is printed. */
void app_error_set(GError **error, AppExit exit, int gp_code, const char *format, ...) G_GNUC_PRINTF(4, 5);
/* For any error of the program. */
AppExit app_error_exit(const GError *error);
/* The GP code: of the message when it ends with one, else of the domain; 0 when there is none. */
int app_error_code(const GError *error);
/* The message without its code. Free with g_free. */
char *app_error_words(const GError *error);
