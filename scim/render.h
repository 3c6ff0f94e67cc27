/* From stored parts to the answer's text. Without a projection the stored document passes through as text: it is not
 * parsed. `linked` passes through too: the statement that builds it gets base as an argument and writes final
 * $ref values ("https://…/scim/v2/Groups/…"), so nothing here looks into it. Pure. */
#pragma once

#include "scim/project.h"

/* A resource as the store read it; all borrowed. */
typedef struct {
  const ScimType *type;
  const char *id;
  const char *doc;      /* JSON object text: schemas + attributes, schemas best first, never empty */
  const char *linked;   /* JSON array text of groups (User) or members (Group), final, with complete $ref; NULL or "[]": not read or none */
  gint64 version;
  gint64 created_us, modified_us; /* wall clock */
} ScimStored;

/* Appends the resource: schemas, id, the rest of doc, meta, then groups or members. projection NULL: the default. base is "https://…/scim/v2". */
void scim_render_resource(GString *out, const ScimStored *stored, const char *base, const ScimProjection *projection);
/* "https://…/scim/v2/Users/2819c223-…"; free with g_free. */
char *scim_render_location(const ScimType *type, const char *id, const char *base);
/* W/"7" */
char *scim_render_etag(gint64 version);

/* A ListResponse (RFC 7644 §3.4.2) of n resources that are already text. Free with g_free. */
char *scim_render_list(const char *const *resources, gsize n, gint64 total, gint64 start_index);
