/* A log file that is read while it is written, over restarts and rotations (renamed, then begun anew). A position names the file by its inode and
 * its first bytes, since inodes are used again. One thread. */
#pragma once

#include <glib.h>

#include "lib/crypto.h"

typedef struct {
  gint64 inode; /* 0: nothing was read yet */
  gint64 offset;
  guint8 head[CRYPTO_SHA256_BYTES]; /* of the first bytes, as far as they were read */
} MailEventPosition;

typedef struct MailEventFile MailEventFile;

typedef struct {
  GPtrArray *lines; /* of char*, without line breaks; owned */
  MailEventPosition before, after;
  gboolean moved; /* after differs from before */
  gboolean
      lost; /* what stood between two files may be lost: compressed or removed before it was read, or cut off */
} MailEventBatch;

/* Goes on where `from` is, in the file itself or in what it was renamed to. NULL with a G_FILE_ERROR. */
MailEventFile *mail_event_file_open(const char *path, const MailEventPosition *from, GError **error);
void mail_event_file_free(MailEventFile *file);
/* The next complete lines; none when there are none yet. FALSE with a G_FILE_ERROR. */
gboolean mail_event_file_next(MailEventFile *file, MailEventBatch *batch, GError **error);
void mail_event_batch_clear(MailEventBatch *batch);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(MailEventFile, mail_event_file_free)
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(MailEventBatch, mail_event_batch_clear)
