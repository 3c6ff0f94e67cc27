/* Structures as bytes, between the server and its verifier processes. One table describes a structure for both directions, so that
 * they cannot disagree. The reader trusts nobody: a value of another type, over its maximum or cut, text that is no UTF-8 and bytes
 * left over fail the whole; nothing is allocated beyond what the input itself holds. Pure. */
#pragma once

#include <glib.h>

typedef enum {
  SAML_WIRE_END,
  SAML_WIRE_FLAG,   /* gboolean, 0 or 1 */
  SAML_WIRE_NUMBER, /* guint, int or an enum: 0…most */
  SAML_WIRE_LONG,   /* gint64, any */
  SAML_WIRE_TEXT,   /* char *, owned, UTF-8, at most `most` bytes */
  SAML_WIRE_MAYBE,  /* the same, or NULL */
  SAML_WIRE_FIXED,  /* char[most + 1] */
  SAML_WIRE_OCTETS, /* guint8[size], each 0…most */
  SAML_WIRE_SLICE,  /* SamlWireSlice, at most `most` bytes: points into what is read */
  SAML_WIRE_BYTES,  /* GBytes *, at most `most` bytes, not empty */
  SAML_WIRE_TEXTS,  /* GStrv, at most `most` texts; none is read as NULL */
  SAML_WIRE_BLOBS,  /* GPtrArray * of GBytes with g_bytes_unref, at most `most` */
  SAML_WIRE_ARRAY,  /* GArray * of `form`, at most `most`; NULL is written as none */
  SAML_WIRE_INSIDE, /* a structure inside: `form` */
} SamlWireKind;

typedef struct SamlWireField {
  SamlWireKind kind;
  gsize offset, most, size;
  const struct SamlWireField *form;
  GArray *(*make)(void); /* of an array that is NULL when read */
} SamlWireField;

typedef struct {
  const char *bytes;
  gsize n;
} SamlWireSlice;

#define SAML_WIRE_TEXT_BYTES 65536 /* each text of SAML_WIRE_TEXTS, each blob of SAML_WIRE_BLOBS */

/* The form's structure, appended to `bytes`. FALSE when a value is over its maximum, or `bytes` would be longer than `most`. */
gboolean saml_wire_put(GByteArray *bytes, gsize most, const SamlWireField *form, const void *structure);
/* Reads one structure, which is zeroed or has its arrays made, from exactly these bytes. FALSE: they are not right; what was read until
 * then is in the structure, to be cleared as usual. */
gboolean saml_wire_get(const void *bytes, gsize n, const SamlWireField *form, void *structure);
/* Frees what saml_wire_get allocated, for a structure without a function of its own. */
void saml_wire_clear(const SamlWireField *form, void *structure);
