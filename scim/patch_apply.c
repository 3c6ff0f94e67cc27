#include "scim/patch_step.h"

#include <string.h>

#include "lib/jsontext.h"
#include "lib/text.h"
#include "scim/resource.h"

/* What a PATCH has made so far. doc and extra stay NULL until something touches them, then they are copies. */
typedef struct {
  const ScimPatch *patch;
  const ScimPatchTarget *target;
  ScimDialect *dialect;
  json_t *doc, *extra;
  ScimMembers members;
} Work;

static void work_clear(Work *work) {
  g_clear_pointer(&work->doc, json_decref);
  g_clear_pointer(&work->extra, json_decref);
  scim_members_clear(&work->members);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Work, work_clear)

static json_t *own_doc(Work *work) {
  if (!work->doc)
    work->doc = json_deep_copy(work->target->doc);
  return work->doc;
}

static json_t *own_extra(Work *work) {
  if (!work->extra)
    work->extra = work->target->extra ? json_deep_copy(work->target->extra) : json_object();
  return work->extra;
}

/* Where an undeclared name lives in extra: nested as a POST would have left it. `parent` is NULL for the top. */
typedef struct {
  char *parent, *key;
} Slot;

static void slot_clear(Slot *slot) {
  g_free(slot->parent);
  g_free(slot->key);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Slot, slot_clear)

static Slot split_at(const char *name, const char *mark) {
  return (Slot){.parent = g_strndup(name, (gsize)(mark - name)), .key = g_strdup(mark + 1)};
}

/* "urn:x:foo" → {"urn:x":{"foo":…}}, "name.nick" → {"name":{"nick":…}}; a whole foreign schema, a path with a filter
 * and a part of a list stay one key. */
static Slot slot_of(const Work *work, const ScimPatchStep *step, const json_t *extra) {
  const char *name = step->name;
  const char *own = NULL;
  ScimRef ref;
  if (jsontext_get(extra, name, &own))
    return (Slot){.key = g_strdup(own)};
  const char *colon = strrchr(name, ':');
  const char *dot = strchr(name, '.');
  if (strchr(name, '[') || json_is_object(step->value))
    return (Slot){.key = g_strdup(name)};
  if (colon)
    return split_at(name, colon);
  if (!dot)
    return (Slot){.key = g_strdup(name)};
  if (!scim_ref_resolve(work->patch->type, name, (gsize)(dot - name), &ref))
    return split_at(name, dot);
  if (ref.attribute && ref.attribute->multi)
    return (Slot){.key = g_strdup(name)};
  return (Slot){.parent = scim_ref_format(&ref), .key = g_strdup(dot + 1)};
}

/* The object that holds the slot's key; NULL when there is none and none is to be made. */
static json_t *slot_object(json_t *extra, const Slot *slot, gboolean make) {
  if (!slot->parent)
    return extra;
  json_t *object = jsontext_get(extra, slot->parent, NULL);
  if (json_is_object(object) || !make)
    return object;
  object = json_object();
  json_object_set_new(extra, slot->parent, object);
  return object;
}

static void drop_if_empty(json_t *extra, const Slot *slot) {
  const char *own = NULL;
  const json_t *object = slot->parent ? jsontext_get(extra, slot->parent, &own) : NULL;
  if (json_is_object(object) && json_object_size(object) == 0)
    json_object_del(extra, own);
}

static void apply_undeclared(Work *work, const ScimPatchStep *step) {
  json_t *extra = own_extra(work);
  g_auto(Slot) slot = slot_of(work, step, extra);
  gboolean sets = step->op != SCIM_PATCH_REMOVE && !json_is_null(step->value);
  json_t *object = slot_object(extra, &slot, sets);
  const char *own = NULL;
  gboolean present = json_is_object(object) && jsontext_get(object, slot.key, &own);
  g_autofree char *key = g_strdup(present ? own : slot.key);
  if (sets)
    json_object_set_new(object, key, json_deep_copy(step->value));
  else if (present && step->op != SCIM_PATCH_ADD)
    json_object_del(object, key);
  drop_if_empty(extra, &slot);
}

/* O9: the id among the values of a no-path operation must be the resource's own. */
static gboolean check_id(const Work *work, const ScimPatchStep *step, GError **error) {
  const char *id = json_string_value(step->value);
  if (id && g_strcmp0(id, work->target->id) == 0)
    return TRUE;
  g_autofree char *quoted = text_quote(id ? id : "");
  return scim_patch_fail(step, error, SCIM_ERROR_MUTABILITY,
                         "id is readOnly, and \"%s\" is not the id of this %s", quoted,
                         work->patch->type->name);
}

static gboolean apply_declared(Work *work, const ScimPatchStep *step, GError **error) {
  g_autoptr(json_t) aside = json_object();
  if (!scim_patch_value(step, own_doc(work), aside, work->dialect, error))
    return FALSE;
  if (json_object_size(aside) == 0)
    return TRUE;
  g_autoptr(json_t) copy = json_deep_copy(aside);
  json_object_update_recursive(own_extra(work), copy);
  return TRUE;
}

static gboolean apply_step(Work *work, const ScimPatchStep *step, GError **error) {
  if (!step->known) {
    apply_undeclared(work, step);
    return TRUE;
  }
  const ScimRef *ref = &step->path.ref;
  if (!ref->extension && ref->attribute == scim_schema_common("id"))
    return check_id(work, step, error);
  if (scim_patch_is_members(work->patch->type, &step->path))
    return scim_patch_members(step, work->target->present, &work->members, work->dialect, error);
  return apply_declared(work, step, error);
}

/* What came out must be a resource; what did not change keeps its identity. */
static gboolean settle(Work *work, GError **error) {
  const ScimPatchTarget *target = work->target;
  if (work->doc && !scim_resource_check(work->patch->type, work->doc, error))
    return FALSE;
  if (work->extra && !scim_resource_check_extra(work->extra, error))
    return FALSE;
  if (work->doc && scim_resource_equal(work->doc, target->doc))
    g_clear_pointer(&work->doc, json_decref);
  gboolean was_empty = json_object_size(target->extra) == 0;
  gboolean same = work->extra && (was_empty ? json_object_size(work->extra) == 0
                                            : scim_resource_equal(work->extra, target->extra));
  if (same)
    g_clear_pointer(&work->extra, json_decref);
  return TRUE;
}

static void hand_over(Work *work, ScimPatchTarget *target) {
  target->changed = work->doc || work->extra;
  if (work->doc) {
    json_decref(target->doc);
    target->doc = g_steal_pointer(&work->doc);
  }
  if (work->extra) {
    g_clear_pointer(&target->extra, json_decref);
    if (json_object_size(work->extra) > 0)
      target->extra = g_steal_pointer(&work->extra);
  }
  target->members = work->members;
  scim_members_init(&work->members);
}

gboolean scim_patch_apply(const ScimPatch *patch, ScimPatchTarget *target, ScimDialect *dialect,
                          GError **error) {
  g_auto(Work) work = {.patch = patch, .target = target, .dialect = dialect};
  scim_members_init(&work.members);
  for (guint i = 0; i < patch->steps->len; i++)
    if (!apply_step(&work, g_ptr_array_index(patch->steps, i), error))
      return FALSE;
  if (!settle(&work, error))
    return FALSE;
  hand_over(&work, target);
  return TRUE;
}
