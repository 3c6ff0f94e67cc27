/* The sections of the table of commands; cmd/verbs_table.c strings them together. Each ends with noun NULL. */
#pragma once

#include "cmd/verbs.h"

extern const Verb verbs_doors[]; /* who may sign in: tokens, rules, modes, notices */
extern const Verb verbs_sync[];  /* mailboxes follow the directory */
extern const Verb verbs_drivers[]; /* what the mail server tells */
extern const Verb verbs_saml[]; /* signing in at an identity provider */
extern const Verb verbs_stack[]; /* what goes into Dovecot and Postfix */
extern const Verb verbs_web[];  /* sessions of people in the browser */
