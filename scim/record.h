/* The columns of a resource's row, made from its document: names and their keys, look-up keys of e-mails, and the
 * folded form that filters compare. Pure. */
#pragma once

#include "scim/schema.h"

typedef struct {
  char *id;
  char *name, *name_key; /* userName or displayName, and its NFKC_Casefold */
  char *external_id;     /* NULL: none */
  GStrv email_keys;      /* of a user */
  gboolean active;       /* of a user */
  char *doc, *fold;      /* JSON text */
  char *extra;           /* JSON text; NULL: none */
} ScimRecord;

/* Everything but id from the document and what was kept aside (NULL: nothing); what was there is replaced. */
void scim_record_fill(ScimRecord *record, const ScimType *type, const json_t *doc, const json_t *extra);
void scim_record_clear(ScimRecord *record);

/* doc with every case-insensitive string folded and every dateTime as UTC text that sorts. A new reference. */
json_t *scim_record_fold(const ScimType *type, const json_t *doc);
/* The form in which a filter's literal is compared with a folded value of this attribute: g_free. */
char *scim_record_fold_text(const ScimAttribute *attribute, const char *text);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ScimRecord, scim_record_clear)
