/* What the XML libraries need once, before any of them is used and while there is one thread: no environment that weakens them, no input or
 * output of their own, no words on stderr. */
#pragma once

#include <glib.h>

/* FALSE when they cannot be used safely: the process must not go on. */
gboolean saml_libraries_start(void);
