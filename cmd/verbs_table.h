/* The sections of the table of commands; cmd/verbs_table.c strings them together. Each ends with noun NULL. */
#pragma once

#include "cmd/verbs.h"

extern const Verb verbs_doors[]; /* who may sign in: tokens, rules, modes, notices */
