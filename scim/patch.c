#include "scim/patch.h"

#include <string.h>

#include "lib/jsontext.h"
#include "lib/limits.h"
#include "lib/text.h"
#include "scim/patch_step.h"

/* What is being read: one operation. */
typedef struct {
  ScimPatch *patch;
  ScimDialect *dialect;
  gsize index;
  ScimPatchOp op;
} Reader;

static void free_step(gpointer data) {
  ScimPatchStep *step = data;
  g_free(step->name);
  scim_path_clear(&step->path);
  json_decref(step->value);
  g_free(step);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(ScimPatchStep, free_step)

char *scim_patch_where(const ScimPatchStep *step) {
  g_autofree char *quoted = text_quote(step->name);
  return g_strdup_printf("Operations[%" G_GSIZE_FORMAT "]: %s", step->index, quoted);
}

gboolean scim_patch_fail(const ScimPatchStep *step, GError **error, ScimErrorCode code, const char *format,
                         ...) {
  va_list arguments;
  va_start(arguments, format);
  g_autofree char *message = g_strdup_vprintf(format, arguments);
  va_end(arguments);
  g_set_error(error, SCIM_ERROR, (int)code, "Operations[%" G_GSIZE_FORMAT "]: %s", step->index, message);
  return FALSE;
}

/* The same before there is a step. */
static gboolean fail(const Reader *reader, GError **error, ScimErrorCode code, const char *message) {
  const ScimPatchStep step = {.index = reader->index};
  return scim_patch_fail(&step, error, code, "%s", message);
}

gboolean scim_patch_is_members(const ScimType *type, const ScimPath *path) {
  return type->kind == SCIM_KIND_GROUP && !path->ref.extension && path->ref.attribute &&
         strcmp(path->ref.attribute->name, "members") == 0;
}

static gboolean is_common(const ScimPath *path, const char *name) {
  return !path->ref.extension && path->ref.attribute == scim_schema_common(name);
}

/* "schemas" follows from the attributes (scim_resource_check): naming the type's own URNs changes nothing. */
static gboolean check_schemas(const Reader *reader, const ScimPatchStep *step, GError **error) {
  if (step->op == SCIM_PATCH_REMOVE)
    return scim_patch_fail(step, error, SCIM_ERROR_MUTABILITY,
                           "schemas cannot be removed: it follows from the attributes");
  gsize n = json_is_array(step->value) ? json_array_size(step->value) : 1;
  for (gsize i = 0; i < n; i++) {
    const json_t *element = json_is_array(step->value) ? json_array_get(step->value, i) : step->value;
    const char *urn = json_string_value(element);
    if (!urn)
      return scim_patch_fail(step, error, SCIM_ERROR_INVALID_VALUE, "schemas must be a list of URIs");
    if (scim_type_schema(reader->patch->type, urn) ||
        scim_dialect_allows(reader->dialect, SCIM_LENIENT_UNKNOWN_SCHEMAS))
      continue;
    g_autofree char *quoted = text_quote(urn);
    return scim_patch_fail(step, error, SCIM_ERROR_INVALID_VALUE, "\"%s\" is not a schema of %s", quoted,
                           reader->patch->type->name);
  }
  return TRUE;
}

static gboolean check_removal(const ScimPatchStep *step, GError **error) {
  const ScimAttribute *sub = step->path.after ? step->path.after : step->path.ref.sub;
  const ScimAttribute *attribute = step->path.ref.attribute;
  if (step->op != SCIM_PATCH_REMOVE || !(sub ? sub : attribute)->required)
    return TRUE;
  return scim_patch_fail(step, error, SCIM_ERROR_MUTABILITY, "%s is required and cannot be removed",
                         step->name);
}

/* Sub-attributes of members are immutable (RFC 7643 §4.2). */
static gboolean check_members(const Reader *reader, const ScimPatchStep *step, GError **error) {
  const ScimPath *path = &step->path;
  if (!scim_patch_is_members(reader->patch->type, path))
    return TRUE;
  if (path->after || path->ref.sub)
    return scim_patch_fail(step, error, SCIM_ERROR_MUTABILITY,
                           "a member cannot be changed: remove it and add the new one");
  if (path->filter && !scim_patch_members_by_value(path->filter))
    reader->patch->needs_members = TRUE;
  return TRUE;
}

typedef enum { KEEP, DROP, REFUSE } Fate;

/* What becomes of a step on a readOnly attribute: an echo of the resource's own state is no change. The id is compared
 * when the resource is known. */
static Fate judge_read_only(const Reader *reader, const ScimPatchStep *step, gboolean has_path,
                            GError **error) {
  if (!has_path && scim_dialect_allows(reader->dialect, SCIM_LENIENT_READONLY_ECHO))
    return is_common(&step->path, "id") ? KEEP : DROP;
  g_autofree char *quoted = text_quote(step->name);
  scim_patch_fail(step, error, SCIM_ERROR_MUTABILITY, "%s is readOnly: this service sets it", quoted);
  return REFUSE;
}

static Fate judge_password(const Reader *reader, const ScimPatchStep *step, GError **error) {
  if (scim_dialect_allows(reader->dialect, SCIM_LENIENT_PASSWORD_IGNORED))
    return DROP;
  scim_patch_fail(step, error, SCIM_ERROR_INVALID_VALUE,
                  "password is not kept here: people sign in through their identity provider");
  return REFUSE;
}

/* Whether a step on a declared attribute may be, from the tables alone (RFC 7643 §7, RFC 7644 §3.5.2). */
static Fate judge(const Reader *reader, const ScimPatchStep *step, gboolean has_path, GError **error) {
  const ScimAttribute *attribute = step->path.ref.attribute;
  const ScimAttribute *sub = step->path.after ? step->path.after : step->path.ref.sub;
  if (!attribute)
    return KEEP;
  if (is_common(&step->path, "schemas"))
    return check_schemas(reader, step, error) ? DROP : REFUSE;
  if (attribute->mutability == SCIM_READ_ONLY || (sub && sub->mutability == SCIM_READ_ONLY))
    return judge_read_only(reader, step, has_path, error);
  if (attribute->mutability == SCIM_WRITE_ONLY)
    return judge_password(reader, step, error);
  return check_removal(step, error) && check_members(reader, step, error) ? KEEP : REFUSE;
}

/* Undeclared names are told first: looking for the nearest known one costs too much for each of many. */
static gboolean parse_name(const Reader *reader, ScimPatchStep *step, GError **error) {
  const ScimType *type = reader->patch->type;
  gsize n = strlen(step->name);
  ScimLeniency leniency =
      strchr(step->name, ':') ? SCIM_LENIENT_UNKNOWN_SCHEMAS : SCIM_LENIENT_UNKNOWN_ATTRIBUTES;
  if (scim_path_is_undeclared(type, step->name, n) && scim_dialect_allows(reader->dialect, leniency))
    return TRUE;
  step->known = scim_path_parse(type, step->name, n, reader->dialect, &step->path, error);
  if (!step->known)
    g_prefix_error(error, "Operations[%" G_GSIZE_FORMAT "]: ", reader->index);
  return step->known;
}

static gboolean read_object(const Reader *reader, const char *prefix, json_t *object, GError **error);

/* A bare extension URN (E7): its object's keys are one step each. TRUE without a step when it was none. */
static gboolean read_extension(const Reader *reader, const ScimPatchStep *step, gboolean *taken,
                               GError **error) {
  *taken = step->known && !step->path.ref.attribute && json_is_object(step->value);
  if (!*taken)
    return TRUE;
  if (step->op == SCIM_PATCH_REMOVE && !scim_dialect_allows(reader->dialect, SCIM_LENIENT_REMOVE_BY_VALUE))
    return scim_patch_fail(step, error, SCIM_ERROR_INVALID_VALUE, "remove takes no value");
  return read_object(reader, step->path.ref.extension->urn, step->value, error);
}

static gboolean add_step(const Reader *reader, const char *name, json_t *value, gboolean has_path,
                         GError **error) {
  g_autoptr(ScimPatchStep) step = g_new0(ScimPatchStep, 1);
  gboolean taken = FALSE;
  step->index = reader->index;
  step->op = reader->op;
  step->name = g_strdup(name);
  step->value = json_incref(value);
  if (!parse_name(reader, step, error) || !read_extension(reader, step, &taken, error))
    return FALSE;
  Fate fate = taken ? DROP : step->known ? judge(reader, step, has_path, error) : KEEP;
  if (fate == KEEP && reader->patch->steps->len >= LIMIT_PATCH_STEPS)
    return scim_patch_fail(step, error, SCIM_ERROR_TOO_MANY, "a PATCH sets at most %d attributes",
                           LIMIT_PATCH_STEPS);
  if (fate == KEEP)
    g_ptr_array_add(reader->patch->steps, g_steal_pointer(&step));
  return fate != REFUSE;
}

/* A key with more than a name in it (E6) is no attribute name of RFC 7643 §2.1. */
static gboolean check_key(const Reader *reader, const char *key, GError **error) {
  const ScimSchema *schema = scim_type_schema(reader->patch->type, key);
  if (schema && schema != reader->patch->type->schema)
    return TRUE;
  if (!strpbrk(key, ".:[") || scim_dialect_allows(reader->dialect, SCIM_LENIENT_DOTTED_KEYS))
    return TRUE;
  g_autofree char *quoted = text_quote(key);
  g_autofree char *message =
      g_strdup_printf("\"%s\" is a path, not a name: send it as the path of an operation of its own", quoted);
  return fail(reader, error, SCIM_ERROR_INVALID_SYNTAX, message);
}

/* Each key of a value without path, or of an extension's object when prefix is its URN. */
static gboolean read_object(const Reader *reader, const char *prefix, json_t *object, GError **error) {
  const char *key;
  json_t *value;
  json_object_foreach(object, key, value) {
    g_autofree char *name = prefix ? g_strconcat(prefix, ":", key, NULL) : g_strdup(key);
    if (!prefix && !check_key(reader, key, error))
      return FALSE;
    const ScimSchema *schema = prefix ? NULL : scim_type_schema(reader->patch->type, key);
    gboolean core = schema == reader->patch->type->schema && json_is_object(value);
    if (core ? !read_object(reader, key, value, error) : !add_step(reader, name, value, FALSE, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean read_op(Reader *reader, const json_t *given, GError **error) {
  static const char *const names[] = {"add", "remove", "replace"};
  const char *text = json_string_value(given);
  for (gsize i = 0; text && i < G_N_ELEMENTS(names); i++) {
    if (g_ascii_strcasecmp(text, names[i]) != 0)
      continue;
    reader->op = (ScimPatchOp)i;
    if (strcmp(text, names[i]) == 0 || scim_dialect_allows(reader->dialect, SCIM_LENIENT_OP_CASE))
      return TRUE;
  }
  g_autofree char *dump = given ? jsontext_dump(given) : g_strdup("nothing");
  g_autofree char *quoted = text_quote(dump);
  g_autofree char *message = g_strdup_printf("op must be \"add\", \"remove\" or \"replace\", got %s", quoted);
  return fail(reader, error, SCIM_ERROR_INVALID_SYNTAX, message);
}

/* Members of an object that the protocol does not know (E17). `names` ends with NULL. */
static gboolean check_extras(ScimDialect *dialect, const json_t *object, const char *const *names,
                             GError **error) {
  const char *key;
  json_t *value;
  json_object_foreach((json_t *)object, key, value) {
    gboolean known = FALSE;
    for (const char *const *name = names; *name && !known; name++)
      known = g_ascii_strcasecmp(*name, key) == 0;
    if (known || scim_dialect_allows(dialect, SCIM_LENIENT_OP_EXTRAS))
      continue;
    g_autofree char *quoted = text_quote(key);
    g_autofree char *wanted = g_strjoinv(", ", (char **)names);
    g_set_error(error, SCIM_ERROR, SCIM_ERROR_INVALID_SYNTAX, "\"%s\" does not belong here, only %s do",
                quoted, wanted);
    return FALSE;
  }
  return TRUE;
}

static gboolean read_no_path(const Reader *reader, json_t *value, GError **error) {
  if (reader->op == SCIM_PATCH_REMOVE)
    return fail(reader, error, SCIM_ERROR_NO_TARGET, "remove needs a path"); /* RFC 7644 §3.5.2.2 */
  if (!json_is_object(value))
    return fail(reader, error, SCIM_ERROR_INVALID_VALUE,
                "without a path the value must be an object of attributes");
  return read_object(reader, NULL, value, error);
}

static gboolean read_operation(Reader *reader, const json_t *operation, GError **error) {
  static const char *const names[] = {"op", "path", "value", NULL};
  if (!json_is_object(operation))
    return fail(reader, error, SCIM_ERROR_INVALID_SYNTAX, "must be an object with op, path and value");
  if (!check_extras(reader->dialect, operation, names, error)) {
    g_prefix_error(error, "Operations[%" G_GSIZE_FORMAT "]: ", reader->index);
    return FALSE;
  }
  if (!read_op(reader, jsontext_get(operation, "op", NULL), error))
    return FALSE;
  json_t *path = jsontext_get(operation, "path", NULL);
  json_t *value = jsontext_get(operation, "value", NULL);
  if (!value && reader->op != SCIM_PATCH_REMOVE) {
    g_autofree char *name = text_quote(json_is_string(path) ? json_string_value(path) : "");
    g_autofree char *words = g_strdup_printf("%s%sadd and replace need a value", name, *name ? ": " : "");
    return fail(reader, error, SCIM_ERROR_INVALID_VALUE, words);
  }
  if (!path || json_is_null(path))
    return read_no_path(reader, value, error);
  if (!json_is_string(path))
    return fail(reader, error, SCIM_ERROR_INVALID_PATH, "path must be a string");
  return add_step(reader, json_string_value(path), value, TRUE, error);
}

/* The body's schemas must name PatchOp (RFC 7644 §3.5.2). */
static gboolean check_envelope(const json_t *body, ScimDialect *dialect, GError **error) {
  static const char *const names[] = {"schemas", "Operations", NULL};
  if (!json_is_object(body)) {
    g_set_error_literal(error, SCIM_ERROR, SCIM_ERROR_INVALID_SYNTAX,
                        "the body of a PATCH must be an object with schemas and Operations");
    return FALSE;
  }
  const json_t *schemas = jsontext_get(body, "schemas", NULL);
  gsize i;
  json_t *urn;
  json_array_foreach((json_t *)schemas, i, urn) {
    if (json_is_string(urn) && g_ascii_strcasecmp(json_string_value(urn), SCIM_URN_PATCH) == 0)
      return check_extras(dialect, body, names, error);
  }
  if (!schemas && scim_dialect_allows(dialect, SCIM_LENIENT_MISSING_SCHEMAS))
    return check_extras(dialect, body, names, error);
  g_set_error_literal(error, SCIM_ERROR, SCIM_ERROR_INVALID_SYNTAX,
                      "schemas of a PATCH must hold \"" SCIM_URN_PATCH "\"");
  return FALSE;
}

static gboolean check_operations(const json_t *operations, GError **error) {
  if (!json_is_array(operations) || json_array_size(operations) == 0) {
    g_set_error_literal(error, SCIM_ERROR, SCIM_ERROR_INVALID_SYNTAX,
                        "Operations must be an array with at least one operation");
    return FALSE;
  }
  if (json_array_size(operations) <= LIMIT_PATCH_OPERATIONS)
    return TRUE;
  g_set_error(error, SCIM_ERROR, SCIM_ERROR_TOO_MANY,
              "a PATCH has at most %d operations, this one has %" G_GSIZE_FORMAT, LIMIT_PATCH_OPERATIONS,
              json_array_size(operations));
  return FALSE;
}

ScimPatch *scim_patch_parse(const ScimType *type, json_t *body, ScimDialect *dialect, GError **error) {
  if (!check_envelope(body, dialect, error))
    return NULL;
  const json_t *operations = jsontext_get(body, "Operations", NULL);
  if (!check_operations(operations, error))
    return NULL;
  g_autoptr(ScimPatch) patch = g_new0(ScimPatch, 1);
  patch->type = type;
  patch->body = json_incref(body);
  patch->steps = g_ptr_array_new_with_free_func(free_step);
  gsize i;
  json_t *operation;
  json_array_foreach((json_t *)operations, i, operation) {
    Reader reader = {.patch = patch, .dialect = dialect, .index = i};
    if (!read_operation(&reader, operation, error))
      return NULL;
  }
  return g_steal_pointer(&patch);
}

void scim_patch_free(ScimPatch *patch) {
  if (!patch)
    return;
  g_ptr_array_unref(patch->steps);
  json_decref(patch->body);
  g_free(patch);
}

gboolean scim_patch_needs_members(const ScimPatch *patch) {
  return patch->needs_members;
}
