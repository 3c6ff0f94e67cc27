/* Does this process, with the libraries that are loaded, accept a right message and refuse the same one changed? */
#pragma once

#include <glib.h>

/* FALSE with what is wrong, for the admin. */
gboolean saml_self_test(const char **why);
