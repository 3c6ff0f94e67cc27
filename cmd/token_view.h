/* A SCIM token as commands show it: to programs, to people, and under the field labels of the identity provider that it
 * is pasted into. */
#pragma once

#include "cmd/admin.h"
#include "scim/token.h"

/* For JSON; never the secret. */
json_t *token_view_json(const ScimToken *token);
/* One line of `scim-token list`, and its columns. */
json_t *token_view_row(const ScimToken *token);
const OutputColumn *token_view_columns(void);

/* What was just made, with its secret, base URL and the identity provider's own field names. brand: "okta", "entra" …; any other gets
 * plain words. */
void token_view_made(Output *output, const ScimToken *token, const char *brand, const char *base,
                     const char *secret);
