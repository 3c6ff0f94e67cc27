/* One value as a client sent it, checked and coerced by its row of the schema tables. For scim/resource*.c alone. */
#pragma once

#include "lib/jsontext.h"
#include "scim/dialect.h"
#include "scim/error.h"
#include "scim/schema.h"

/* Where in a body: made on the stack, turned into text only for a message. */
typedef struct ScimPlace ScimPlace;
struct ScimPlace {
  const ScimPlace *up;
  const char *text; /* an attribute's name, or the beginning as text; NULL for an element */
  gsize index;      /* of the element */
};

/* "emails[1].value". Free with g_free. */
char *scim_place_format(const ScimPlace *place);
/* Sets "<place> <message>". */
void scim_place_refuse(GError **error, ScimErrorCode code, const ScimPlace *place, const char *format, ...)
    G_GNUC_PRINTF(4, 5);
/* A JSON value for a message: quoted and clipped, or "an object". Free with g_free. */
char *scim_place_quote(const json_t *value);

typedef struct {
  ScimDialect *dialect;
  json_t *aside; /* object that receives what is undeclared, at this level of nesting; NULL: it is refused */
} ScimIntake;

/* The clean value; json_null() when it means "no value"; NULL with an error. Values that need no change are shared. */
json_t *scim_intake_attribute(const ScimIntake *intake, const ScimAttribute *attribute, const json_t *value,
                              const ScimPlace *place, GError **error);
/* A single value, of a sub-attribute or of one element. */
json_t *scim_intake_single(const ScimIntake *intake, const ScimAttribute *attribute, const json_t *value,
                           const ScimPlace *place, GError **error);
/* The attributes of one table out of an object. */
json_t *scim_intake_object(const ScimIntake *intake, const ScimAttribute *table, gsize n, const json_t *object,
                           const ScimPlace *place, GError **error);
/* Group members: value required, deduplicated by it, $ref dropped (scim/resource_members.c). */
gboolean scim_intake_is_members(const ScimAttribute *attribute);
json_t *scim_intake_members(const ScimIntake *intake, const ScimAttribute *attribute, const json_t *value,
                            const ScimPlace *place, GError **error);
/* `value` as an array under SCIM_LENIENT_SINGLE_FOR_ARRAY, of `max` elements at most; a new reference, NULL with an error. */
json_t *scim_intake_array(const ScimIntake *intake, const json_t *value, gsize max, const ScimPlace *place,
                          GError **error);
