#include "saml/wire.h"

#include <string.h>

#include "lib/text.h"

#define NUMBER_BYTES 8
#define LEAST_BYTES 5 /* of any text or blob: its type and its length */

/* ---- writing: each value is its type, then eight bytes, or a length of four and that many bytes */

typedef struct {
  GByteArray *bytes;
  gsize most;
} Writer;

static gboolean put_raw(Writer *writer, const void *bytes, gsize n) {
  if (n > writer->most - writer->bytes->len)
    return FALSE;
  g_byte_array_append(writer->bytes, bytes, (guint)n);
  return TRUE;
}

static gboolean put_type(Writer *writer, SamlWireKind kind) {
  guint8 type = (guint8)kind;
  return put_raw(writer, &type, sizeof type);
}

static gboolean put_number(Writer *writer, SamlWireKind kind, guint64 number) {
  guint64 little = GUINT64_TO_LE(number);
  return put_type(writer, kind) && put_raw(writer, &little, sizeof little);
}

static gboolean put_sized(Writer *writer, SamlWireKind kind, const void *bytes, gsize n, gsize most) {
  if (n > MIN(most, G_MAXUINT32))
    return FALSE;
  guint32 little = GUINT32_TO_LE((guint32)n);
  return put_type(writer, kind) && put_raw(writer, &little, sizeof little) &&
         (n == 0 || put_raw(writer, bytes, n));
}

static gboolean put_text(Writer *writer, const char *text, gsize most) {
  return text != NULL && put_sized(writer, SAML_WIRE_TEXT, text, strlen(text), most);
}

static gboolean put_blob(Writer *writer, GBytes *blob, gsize most) {
  gsize n = 0;
  const void *bytes = blob == NULL ? NULL : g_bytes_get_data(blob, &n);
  return n > 0 && put_sized(writer, SAML_WIRE_BYTES, bytes, n, most);
}

static gboolean put_count(Writer *writer, const SamlWireField *field, gsize n) {
  return n <= field->most && put_number(writer, field->kind, n);
}

static gboolean put_texts(Writer *writer, const SamlWireField *field, GStrv texts) {
  gsize n = texts == NULL ? 0 : g_strv_length(texts);
  gboolean good = put_count(writer, field, n);
  for (gsize i = 0; good && i < n; i++)
    good = put_text(writer, texts[i], SAML_WIRE_TEXT_BYTES);
  return good;
}

static gboolean put_blobs(Writer *writer, const SamlWireField *field, const GPtrArray *blobs) {
  gsize n = blobs == NULL ? 0 : blobs->len;
  gboolean good = put_count(writer, field, n);
  for (gsize i = 0; good && i < n; i++)
    good = put_blob(writer, blobs->pdata[i], SAML_WIRE_TEXT_BYTES);
  return good;
}

static gboolean put_form(Writer *writer, const SamlWireField *form, const char *structure);

static gboolean put_array(Writer *writer, const SamlWireField *field, GArray *array) {
  gsize n = array == NULL ? 0 : array->len;
  gboolean good = put_count(writer, field, n);
  for (gsize i = 0; good && i < n; i++)
    good = put_form(writer, field->form, array->data + i * g_array_get_element_size(array));
  return good;
}

/* Those whose place holds a pointer to what is written. */
static gboolean put_pointed(Writer *writer, const SamlWireField *field, gpointer value) {
  switch (field->kind) {
  case SAML_WIRE_TEXT:
    return put_text(writer, value, field->most);
  case SAML_WIRE_MAYBE:
    return value == NULL ? put_type(writer, SAML_WIRE_MAYBE) : put_text(writer, value, field->most);
  case SAML_WIRE_BYTES:
    return put_blob(writer, value, field->most);
  case SAML_WIRE_TEXTS:
    return put_texts(writer, field, value);
  case SAML_WIRE_BLOBS:
    return put_blobs(writer, field, value);
  case SAML_WIRE_ARRAY:
    return put_array(writer, field, value);
  default:
    g_assert_not_reached();
  }
}

static gboolean put_field(Writer *writer, const SamlWireField *field, const char *place) {
  const SamlWireSlice *slice;
  switch (field->kind) {
  case SAML_WIRE_FLAG:
    return put_number(writer, field->kind, *(const gboolean *)place != FALSE);
  case SAML_WIRE_NUMBER:
    return *(const guint *)place <= field->most && put_number(writer, field->kind, *(const guint *)place);
  case SAML_WIRE_LONG:
    return put_number(writer, field->kind, (guint64) * (const gint64 *)place);
  case SAML_WIRE_FIXED:
    return put_sized(writer, field->kind, place, strnlen(place, field->most + 1), field->most);
  case SAML_WIRE_OCTETS:
    return put_sized(writer, field->kind, place, field->size, field->size);
  case SAML_WIRE_SLICE:
    slice = (const SamlWireSlice *)place;
    return put_sized(writer, field->kind, slice->bytes, slice->n, field->most);
  case SAML_WIRE_INSIDE:
    return put_form(writer, field->form, place);
  default:
    return put_pointed(writer, field, *(const gpointer *)place);
  }
}

static gboolean put_form(Writer *writer, const SamlWireField *form, const char *structure) {
  for (; form->kind != SAML_WIRE_END; form++)
    if (!put_field(writer, form, structure + form->offset))
      return FALSE;
  return TRUE;
}

gboolean saml_wire_put(GByteArray *bytes, gsize most, const SamlWireField *form, const void *structure) {
  Writer writer = {bytes, most};
  return bytes->len <= most && put_form(&writer, form, structure);
}

/* ---- reading */

typedef struct {
  const guint8 *at;
  gsize left;
} Reader;

static gboolean get_raw(Reader *reader, void *bytes, gsize n) {
  if (n > reader->left)
    return FALSE;
  memcpy(bytes, reader->at, n);
  reader->at += n;
  reader->left -= n;
  return TRUE;
}

static gboolean get_type(Reader *reader, SamlWireKind kind) {
  guint8 type;
  return get_raw(reader, &type, sizeof type) && type == kind;
}

static gboolean get_number(Reader *reader, SamlWireKind kind, guint64 most, guint64 *number) {
  guint64 little;
  if (!get_type(reader, kind) || !get_raw(reader, &little, sizeof little))
    return FALSE;
  *number = GUINT64_FROM_LE(little);
  return *number <= most;
}

static gboolean get_sized(Reader *reader, SamlWireKind kind, gsize most, SamlWireSlice *slice) {
  guint32 little;
  if (!get_type(reader, kind) || !get_raw(reader, &little, sizeof little))
    return FALSE;
  slice->bytes = (const char *)reader->at;
  slice->n = GUINT32_FROM_LE(little);
  if (slice->n > MIN(most, reader->left))
    return FALSE;
  reader->at += slice->n;
  reader->left -= slice->n;
  return TRUE;
}

static gboolean get_text(Reader *reader, gsize most, char **text) {
  SamlWireSlice slice;
  if (!get_sized(reader, SAML_WIRE_TEXT, most, &slice) || !text_is_utf8(slice.bytes, slice.n))
    return FALSE;
  *text = g_strndup(slice.bytes, slice.n);
  return TRUE;
}

static gboolean get_maybe(Reader *reader, gsize most, char **text) {
  if (reader->left == 0 || *reader->at != SAML_WIRE_MAYBE)
    return get_text(reader, most, text);
  return get_type(reader, SAML_WIRE_MAYBE);
}

static gboolean get_blob(Reader *reader, gsize most, GBytes **blob) {
  SamlWireSlice slice;
  if (!get_sized(reader, SAML_WIRE_BYTES, most, &slice) || slice.n == 0)
    return FALSE;
  *blob = g_bytes_new(slice.bytes, slice.n);
  return TRUE;
}

/* So many elements as the rest can hold: what is allocated for them grows with the input. */
static gboolean get_count(Reader *reader, const SamlWireField *field, gsize *n) {
  guint64 number;
  if (!get_number(reader, field->kind, field->most, &number) || number > reader->left / LEAST_BYTES)
    return FALSE;
  *n = (gsize)number;
  return TRUE;
}

static gboolean get_texts(Reader *reader, const SamlWireField *field, GStrv *texts) {
  gsize n;
  if (!get_count(reader, field, &n))
    return FALSE;
  *texts = n == 0 ? NULL : g_new0(char *, n + 1);
  gboolean good = TRUE;
  for (gsize i = 0; good && i < n; i++)
    good = get_text(reader, SAML_WIRE_TEXT_BYTES, &(*texts)[i]);
  return good;
}

static gboolean get_blobs(Reader *reader, const SamlWireField *field, GPtrArray **blobs) {
  gsize n;
  if (!get_count(reader, field, &n))
    return FALSE;
  *blobs = g_ptr_array_new_full((guint)n, (GDestroyNotify)g_bytes_unref);
  gboolean good = TRUE;
  for (gsize i = 0; good && i < n; i++) {
    GBytes *blob;
    good = get_blob(reader, SAML_WIRE_TEXT_BYTES, &blob);
    if (good)
      g_ptr_array_add(*blobs, blob);
  }
  return good;
}

static gboolean get_form(Reader *reader, const SamlWireField *form, char *structure);

/* An element is in the array before it is read, so that the array's own function frees what half of it has. */
static gboolean get_array(Reader *reader, const SamlWireField *field, GArray **array) {
  gsize n;
  if (!get_count(reader, field, &n))
    return FALSE;
  if (*array == NULL)
    *array = field->make();
  gsize size = g_array_get_element_size(*array);
  gboolean good = TRUE;
  for (gsize i = 0; good && i < n; i++) {
    g_array_set_size(*array, (guint)i + 1);
    memset((*array)->data + i * size, 0, size);
    good = get_form(reader, field->form, (*array)->data + i * size);
  }
  return good;
}

static gboolean get_scalar(Reader *reader, const SamlWireField *field, char *place) {
  guint64 number;
  gsize most = field->kind == SAML_WIRE_FLAG ? 1 : field->most;
  if (!get_number(reader, field->kind, field->kind == SAML_WIRE_LONG ? G_MAXUINT64 : most, &number))
    return FALSE;
  if (field->kind == SAML_WIRE_LONG)
    *(gint64 *)place = (gint64)number;
  else
    *(guint *)place = (guint)number;
  return TRUE;
}

static gboolean get_fixed(Reader *reader, const SamlWireField *field, char *place) {
  SamlWireSlice slice;
  if (!get_sized(reader, field->kind, field->most, &slice) || !text_is_utf8(slice.bytes, slice.n))
    return FALSE;
  memcpy(place, slice.bytes, slice.n);
  place[slice.n] = '\0';
  return TRUE;
}

static gboolean get_octets(Reader *reader, const SamlWireField *field, char *place) {
  SamlWireSlice slice;
  if (!get_sized(reader, field->kind, field->size, &slice) || slice.n != field->size)
    return FALSE;
  for (gsize i = 0; i < slice.n; i++)
    if ((guint8)slice.bytes[i] > field->most)
      return FALSE;
  memcpy(place, slice.bytes, slice.n);
  return TRUE;
}

static gboolean get_field(Reader *reader, const SamlWireField *field, char *place) {
  switch (field->kind) {
  case SAML_WIRE_FLAG:
  case SAML_WIRE_NUMBER:
  case SAML_WIRE_LONG:
    return get_scalar(reader, field, place);
  case SAML_WIRE_FIXED:
    return get_fixed(reader, field, place);
  case SAML_WIRE_OCTETS:
    return get_octets(reader, field, place);
  case SAML_WIRE_SLICE:
    return get_sized(reader, field->kind, field->most, (SamlWireSlice *)place);
  case SAML_WIRE_TEXT:
    return get_text(reader, field->most, (char **)place);
  case SAML_WIRE_MAYBE:
    return get_maybe(reader, field->most, (char **)place);
  case SAML_WIRE_BYTES:
    return get_blob(reader, field->most, (GBytes **)place);
  case SAML_WIRE_TEXTS:
    return get_texts(reader, field, (GStrv *)place);
  case SAML_WIRE_BLOBS:
    return get_blobs(reader, field, (GPtrArray **)place);
  case SAML_WIRE_ARRAY:
    return get_array(reader, field, (GArray **)place);
  case SAML_WIRE_INSIDE:
    return get_form(reader, field->form, place);
  case SAML_WIRE_END:
    break;
  }
  g_assert_not_reached();
}

static gboolean get_form(Reader *reader, const SamlWireField *form, char *structure) {
  for (; form->kind != SAML_WIRE_END; form++)
    if (!get_field(reader, form, structure + form->offset))
      return FALSE;
  return TRUE;
}

gboolean saml_wire_get(const void *bytes, gsize n, const SamlWireField *form, void *structure) {
  Reader reader = {bytes, n};
  return get_form(&reader, form, structure) && reader.left == 0;
}

static void clear_field(const SamlWireField *field, gpointer *place) {
  switch (field->kind) {
  case SAML_WIRE_TEXT:
  case SAML_WIRE_MAYBE:
    g_clear_pointer((char **)place, g_free);
    return;
  case SAML_WIRE_BYTES:
    g_clear_pointer((GBytes **)place, g_bytes_unref);
    return;
  case SAML_WIRE_TEXTS:
    g_clear_pointer((GStrv *)place, g_strfreev);
    return;
  case SAML_WIRE_BLOBS:
    g_clear_pointer((GPtrArray **)place, g_ptr_array_unref);
    return;
  case SAML_WIRE_ARRAY:
    g_clear_pointer((GArray **)place, g_array_unref);
    return;
  case SAML_WIRE_INSIDE:
    saml_wire_clear(field->form, place);
    return;
  default:
    return;
  }
}

void saml_wire_clear(const SamlWireField *form, void *structure) {
  for (; form->kind != SAML_WIRE_END; form++)
    clear_field(form, (gpointer)((char *)structure + form->offset));
}
