/* What browsers send beside JSON: application/x-www-form-urlencoded bodies and Cookie headers, read strictly: a field that matters and
 * stands twice is no field at all. Pure. */
#pragma once

#include <glib.h>

#define FORM_FIELDS 64 /* of ours none has more than ten; further ones make the whole form bad */

typedef struct Form Form; /* scope lifetime */

/* NULL when it is not such a form: a broken escape, NUL, bytes that a browser encodes, not UTF-8, more than FORM_FIELDS fields. */
Form *form_parse(const char *body, gsize n);
void form_free(Form *form);
/* TRUE when Content-Type is application/x-www-form-urlencoded, parameters or not. */
gboolean form_is_type(const char *content_type);
/* How often a field of that name, after decoding, stands in it. */
guint form_count(const Form *form, const char *name);
/* Its value when it stands there once; else NULL. */
const char *form_get(const Form *form, const char *name);

/* The value of the cookie of that name in a Cookie header (RFC 6265 §4.2.1), when it stands there once; else NULL. Free with g_free. */
char *form_cookie(const char *header, const char *name);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Form, form_free)
