/* What `doveconf -n` prints, of Dovecot 2.3 or 2.4, as a tree. Pure; bytes from outside. */
#pragma once

#include <glib.h>

#define DOVECONF_BYTES (1u << 20) /* a real one is some KiB */
#define DOVECONF_LINES 20000
#define DOVECONF_DEPTH 8

typedef struct {
  char *key, *value;
} DoveconfSetting;

/* The file itself is a block without kind; "passdb {" has no name, "service auth {" and 2.4's "passdb sql {" have one. */
typedef struct {
  char *kind, *name;   /* name "" : none */
  GPtrArray *settings; /* DoveconfSetting *, in order */
  GPtrArray *blocks;   /* DoveconfBlock *, in order */
} DoveconfBlock;

typedef struct {
  char *version, *path; /* of the first comment line; NULL: it was not printed */
  DoveconfBlock *root;
} Doveconf;

/* NULL with *why, which names the line, when it is no such output. Free with mail_doveconf_free. */
Doveconf *mail_doveconf_parse(const char *text, gsize n, char **why);
void mail_doveconf_free(Doveconf *doveconf);
/* The last value of a setting of a block; NULL when it is not there. */
const char *mail_doveconf_value(const DoveconfBlock *block, const char *key);
/* The first block of this kind, and of this name if one is given; NULL. */
const DoveconfBlock *mail_doveconf_block(const DoveconfBlock *block, const char *kind, const char *name);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Doveconf, mail_doveconf_free)
