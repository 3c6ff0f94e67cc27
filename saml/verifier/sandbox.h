/* What a verifier process may still do once it reads messages: compute, ask for memory, read and write one descriptor. A call on a file
 * answers EPERM, because libraries try some and live without; any other call ends the process on the spot. */
#pragma once

#include <glib.h>

/* Limits that hold from now on: memory beyond what is in use, no new descriptors, no processes, no core; nobody may look into us, and no
 * program that we could start would have more rights. FALSE with errno. Of a build with sanitizers the last alone is asked. */
gboolean saml_sandbox_limit(void);
/* The filter, for this thread and all others, for good; `fd` stays usable. FALSE with errno. In a build with sanitizers, which need calls
 * of their own, there is none. */
gboolean saml_sandbox_enter(int fd);
