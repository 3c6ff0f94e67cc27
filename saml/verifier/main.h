/* The verifier process: `gatepost saml-verifier KEY_FILE`, started by a server with a socket on descriptor 3 (saml/spawn.h), never by a
 * person. It makes itself small, proves on a message of its own that it accepts what is right and refuses what was changed, gives up
 * every right but to compute, and answers jobs until the socket closes. */
#pragma once

/* The exit code of the process: 0 when the server is gone. */
int saml_verifier_main(const char *key_file);
