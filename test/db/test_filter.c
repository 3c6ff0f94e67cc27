/* Random filters over random people and groups: what PostgreSQL finds is what the evaluator in memory finds. A filter that
 * parses must run. GATEPOST_TEST_ROUNDS filters of each type (1,000), from GATEPOST_TEST_SEED. */
#include <string.h>

#include "lib/clock.h"
#include "lib/crypto.h"
#include "lib/db_migrate.h"
#include "lib/jsontext.h"
#include "scim/resource.h"
#include "scim/store.h"
#include "test/db/cluster.h"

#define PEOPLE 60
#define GROUPS 12
#define SECONDS 60
#define BASE "https://id.example.org/scim/v2"

typedef struct {
  Cluster *cluster;
  DbPool *pool;
  ScimScope scope;
  GRand *random;
  GPtrArray *ids;      /* of people */
  GPtrArray *literals; /* JSON texts that stand somewhere in the resources */
} World;

static const char *const words[] = {
    "Ada",
    "ada",
    "ADA%",
    "a_a",
    "stra\u00dfe",
    "STRASSE",
    "\u0130x",
    "O'Hara",
    "back\\slash",
    "quo\"te",
    "e\u0301a",
    "\u00e9a",
    "\uff21\uff24\uff21",
    "z",
    "work",
    "Work",
    "home",
    "{a,b}",
    "a b",
    "\U0001F600",
    "null",
    "true",
    "12",
    "1e3",
    "ada@x.org",
    "ADA@X.ORG",
    "-",
};
static const char *const times[] = {"2026-11-24T10:00:00Z", "2026-11-24T12:00:00+02:00",
                                    "2026-11-24T10:00:00.5Z", "1969-12-31T23:59:59-11:00",
                                    "2027-01-01T00:00:00Z"};

static guint below(World *world, guint n) {
  return (guint)g_rand_int_range(world->random, 0, (gint32)n);
}

static json_t *random_value(World *world, const ScimAttribute *attribute);

static json_t *random_object(World *world, const ScimAttribute *attribute) {
  json_t *object = json_object();
  for (gsize i = 0; i < attribute->n_sub; i++)
    if (attribute->sub[i].mutability != SCIM_READ_ONLY && below(world, 3) > 0)
      json_object_set_new(object, attribute->sub[i].name, random_value(world, &attribute->sub[i]));
  return object;
}

static json_t *random_value(World *world, const ScimAttribute *attribute) {
  switch (attribute->type) {
  case SCIM_BOOLEAN: /* primary may stand once only */
    return json_boolean(strcmp(attribute->name, "primary") != 0 && below(world, 2));
  case SCIM_DATETIME:
    return json_string(times[below(world, G_N_ELEMENTS(times))]);
  case SCIM_BINARY:
    return json_string("QUJD");
  case SCIM_REFERENCE:
    return json_sprintf("https://x.org/%u", below(world, 3));
  case SCIM_COMPLEX:
    return random_object(world, attribute);
  default:
    return json_string(words[below(world, G_N_ELEMENTS(words))]);
  }
}

static void fill(World *world, const ScimAttribute *attributes, gsize n, json_t *into) {
  for (gsize i = 0; i < n; i++) {
    const ScimAttribute *attribute = &attributes[i];
    if ((attribute->mutability != SCIM_READ_WRITE && attribute->mutability != SCIM_IMMUTABLE) ||
        strcmp(attribute->name, "members") == 0 || below(world, 3) == 0)
      continue;
    if (!attribute->multi) {
      json_object_set_new(into, attribute->name, random_value(world, attribute));
      continue;
    }
    json_t *array = json_array();
    for (guint k = below(world, 4); k > 0; k--)
      json_array_append_new(array, random_value(world, attribute));
    json_object_set_new(into, attribute->name, array);
  }
}

static json_t *random_resource(World *world, const ScimType *type, guint number) {
  json_t *body = json_object();
  json_object_set_new(body, "schemas", json_pack("[s]", type->schema->urn));
  fill(world, type->schema->attributes, type->schema->n_attributes, body);
  for (gsize i = 0; i < type->n_extensions; i++) {
    json_t *extension = json_object();
    fill(world, type->extensions[i].schema->attributes, type->extensions[i].schema->n_attributes, extension);
    json_object_set_new(body, type->extensions[i].schema->urn, extension);
  }
  json_object_set_new(body, type->kind == SCIM_KIND_USER ? "userName" : "displayName",
                      json_sprintf("%s%u", words[below(world, G_N_ELEMENTS(words))], number));
  if (below(world, 2))
    json_object_set_new(body, "externalId", json_string(words[below(world, G_N_ELEMENTS(words))]));
  return body;
}

typedef struct {
  World *world;
  const ScimType *type;
  ScimRecord record;
  ScimMembers members;
} Insert;

static gboolean insert(Db *db, gpointer data, GError **error) {
  Insert *one = data;
  World *world = one->world;
  ScimDialect dialect = {.allowed = SCIM_DIALECT_ALL};
  ScimMemberRules rules = {.dialect = &dialect};
  if (one->type->kind == SCIM_KIND_USER) {
    scim_store_user_queue_insert(world->scope, db, &one->record, NULL);
    return TRUE;
  }
  scim_store_group_queue_insert(world->scope, db, &one->record, NULL);
  gboolean done = scim_store_member_apply(world->scope, db, one->record.id, &one->members, &rules, error);
  scim_member_change_clear(&rules.change);
  return done;
}

static void add_member(World *world, ScimMembers *members) {
  gboolean known = below(world, 3) > 0;
  const char *value =
      known ? world->ids->pdata[below(world, world->ids->len)] : words[below(world, G_N_ELEMENTS(words))];
  g_autoptr(json_t) member = json_pack("{s:s}", "value", value);
  if (below(world, 2))
    json_object_set_new(member, "display", json_string(words[below(world, G_N_ELEMENTS(words))]));
  scim_members_add(members, member);
}

static void make(World *world, const ScimType *type, guint number) {
  g_autoptr(GError) error = NULL;
  ScimDialect dialect = {.allowed = SCIM_DIALECT_ALL};
  g_auto(ScimResource) resource = {0};
  g_autoptr(json_t) body = random_resource(world, type, number);
  scim_resource_read(type, body, &dialect, &resource, &error);
  g_assert_no_error(error);
  Insert one = {.world = world, .type = type};
  char id[CRYPTO_UUID_TEXT_BYTES];
  one.record.id = g_strdup(crypto_uuid(id));
  scim_record_fill(&one.record, type, resource.doc, resource.extra);
  scim_members_init(&one.members);
  for (guint i = below(world, 6); i > 0 && type->kind == SCIM_KIND_GROUP; i--)
    add_member(world, &one.members);
  db_tx_run(world->pool, clock_deadline(SECONDS), insert, NULL, &one, &error);
  g_assert_no_error(error);
  g_ptr_array_add(world->ids, g_strdup(id));
  scim_members_clear(&one.members);
  scim_record_clear(&one.record);
}

/* Reads. */

static ScimReader reader_of(World *world) {
  return (ScimReader){world->scope, world->pool, clock_deadline(SECONDS)};
}

static gboolean list(World *world, const ScimType *type, const char *filter, ScimPage *page) {
  g_autoptr(GError) error = NULL;
  ScimDialect dialect = {0};
  ScimListText text = {.filter = filter, .count = "1000"};
  g_auto(ScimListQuery) query = {0};
  if (!scim_list_parse(type, &text, &dialect, &query, &error))
    return FALSE;
  ScimReader reader = reader_of(world);
  scim_store_list(&reader, type, &query, page, &error);
  if (error != NULL)
    g_error("%s: %s", filter, error->message);
  return TRUE;
}

/* All resources as a client sees them. */
static GPtrArray *read_all(World *world, const ScimType *type) {
  GPtrArray *all = g_ptr_array_new_with_free_func((GDestroyNotify)json_decref);
  g_auto(ScimPage) page = {0};
  g_assert_true(list(world, type, NULL, &page));
  for (int i = 0; i < page.n; i++) {
    g_autoptr(GString) text = g_string_new(NULL);
    ScimStored stored = scim_store_row(type, page.result, i);
    scim_render_resource(text, &stored, BASE, NULL);
    json_t *resource = json_loads(text->str, 0, NULL);
    g_assert_nonnull(resource);
    g_ptr_array_add(all, resource);
  }
  return all;
}

static void collect(World *world, const json_t *value) {
  const char *key;
  json_t *member;
  for (gsize i = 0; i < json_array_size(value); i++)
    collect(world, json_array_get(value, i));
  json_object_foreach((json_t *)value, key, member) {
    collect(world, member);
  }
  if (json_is_string(value))
    g_ptr_array_add(world->literals, json_dumps(value, JSON_ENCODE_ANY));
}

/* Filters. */

static const ScimAttribute *pick(World *world, const ScimType *type, GString *name) {
  static const char *const common[] = {"id", "externalId", "meta", "schemas"};
  const ScimSchema *schema = type->schema;
  if (type->n_extensions > 0 && below(world, 4) == 0) {
    schema = type->extensions[0].schema;
    g_string_append_printf(name, "%s:", schema->urn);
  } else if (below(world, 5) == 0) {
    const ScimAttribute *attribute = scim_schema_common(common[below(world, G_N_ELEMENTS(common))]);
    g_string_append(name, attribute->name);
    return attribute;
  }
  const ScimAttribute *attribute = &schema->attributes[below(world, (guint)schema->n_attributes)];
  g_string_append(name, attribute->name);
  return attribute;
}

static void add_literal(World *world, const ScimAttribute *of, GString *out) {
  if (of->type == SCIM_BOOLEAN)
    g_string_append(out, below(world, 2) ? "true" : "false");
  else if (of->type == SCIM_DATETIME)
    g_string_append_printf(out, "\"%s\"", times[below(world, G_N_ELEMENTS(times))]);
  else if (below(world, 20) == 0)
    g_string_append(out, below(world, 2) ? "null" : "\"\"");
  else
    g_string_append(out, world->literals->pdata[below(world, world->literals->len)]);
}

static void add_operation(World *world, const ScimAttribute *of, GString *out) {
  static const char *const ops[] = {"eq", "eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"};
  if (below(world, 8) == 0) {
    g_string_append(out, " pr");
    return;
  }
  g_string_append_printf(out, " %s ", ops[below(world, G_N_ELEMENTS(ops))]);
  add_literal(world, of, out);
}

static void add_inner(World *world, const ScimAttribute *of, GString *out, int depth) {
  if (depth > 0 && below(world, 3) == 0) {
    g_string_append(out, below(world, 3) == 0 ? "not (" : "(");
    add_inner(world, of, out, depth - 1);
    g_string_append(out, below(world, 2) ? " and " : " or ");
    add_inner(world, of, out, depth - 1);
    g_string_append(out, ")");
    return;
  }
  const ScimAttribute *sub = &of->sub[below(world, (guint)of->n_sub)];
  g_string_append(out, sub->name);
  add_operation(world, sub, out);
}

static void add_filter(World *world, const ScimType *type, GString *out, int depth) {
  if (depth > 0 && below(world, 2)) {
    g_string_append(out, below(world, 3) == 0 ? "not (" : "(");
    add_filter(world, type, out, depth - 1);
    g_string_append(out, below(world, 2) ? " and " : " or ");
    add_filter(world, type, out, depth - 1);
    g_string_append(out, ")");
    return;
  }
  const ScimAttribute *attribute = pick(world, type, out);
  if (attribute->n_sub > 0 && attribute->multi && below(world, 2)) {
    g_string_append(out, "[");
    add_inner(world, attribute, out, 2);
    g_string_append(out, "]");
    return;
  }
  const ScimAttribute *sub =
      attribute->n_sub > 0 && below(world, 8) ? &attribute->sub[below(world, (guint)attribute->n_sub)] : NULL;
  if (sub != NULL)
    g_string_append_printf(out, ".%s", sub->name);
  add_operation(world, sub != NULL ? sub : attribute, out);
}

/* The comparison. */

static gboolean found(const ScimPage *page, const char *id) {
  for (int i = 0; i < page->n; i++)
    if (strcmp(db_text(page->result, i, SCIM_COLUMN_ID), id) == 0)
      return TRUE;
  return FALSE;
}

/* FALSE when it is no filter. */
static gboolean compare(World *world, const ScimType *type, const GPtrArray *all, const char *text,
                        guint *differences) {
  ScimDialect dialect = {0};
  g_autoptr(ScimFilter) filter = scim_filter_parse(type, text, strlen(text), &dialect, NULL);
  g_auto(ScimPage) page = {0};
  if (filter == NULL || !list(world, type, text, &page))
    return FALSE;
  for (guint i = 0; i < all->len; i++) {
    const json_t *resource = all->pdata[i];
    gboolean expected = scim_filter_matches(filter, resource);
    if (found(&page, json_string_value(json_object_get(resource, "id"))) == expected)
      continue;
    g_autofree char *shown = json_dumps(resource, JSON_COMPACT);
    if ((*differences)++ < 20)
      g_test_message("%s\n  %s it, but PostgreSQL does not agree: %s", text,
                     expected ? "matches" : "excludes", shown);
  }
  return TRUE;
}

static guint rounds(void) {
  const char *text = g_getenv("GATEPOST_TEST_ROUNDS");
  return text != NULL ? (guint)g_ascii_strtoull(text, NULL, 10) : 1000;
}

static void test_type(World *world, const ScimType *type) {
  guint differences = 0, run = 0;
  g_autoptr(GPtrArray) all = read_all(world, type);
  for (guint i = 0; i < all->len; i++)
    collect(world, all->pdata[i]);
  for (guint i = 0, n = rounds(); i < n; i++) {
    g_autoptr(GString) text = g_string_new(NULL);
    add_filter(world, type, text, 2);
    if (compare(world, type, all, text->str, &differences))
      run++;
  }
  g_test_message("%u filters ran", run);
  g_assert_cmpuint(run, >, rounds() / 4);
  g_assert_cmpuint(differences, ==, 0);
}

static void test_users(gconstpointer world) {
  test_type((World *)world, scim_type_user());
}

static void test_groups(gconstpointer world) {
  test_type((World *)world, scim_type_group());
}

static gint64 number(Db *db, const char *sql) {
  g_autoptr(GError) error = NULL;
  DbStatement statement = {.sql = sql};
  g_autoptr(DbResult) result = db_query(db, &statement, NULL, &error);
  g_assert_no_error(error);
  return db_int(result, 0, 0);
}

static void set_up(World *world) {
  g_autoptr(GError) error = NULL;
  const char *seed = g_getenv("GATEPOST_TEST_SEED");
  world->random = g_rand_new_with_seed(seed != NULL ? (guint32)g_ascii_strtoull(seed, NULL, 10) : 1);
  world->cluster = cluster_new();
  g_autoptr(Db) db = db_open(world->cluster->conninfo, "test", clock_deadline(SECONDS), &error);
  g_assert_no_error(error);
  db_migrate_run(db, NULL, &error);
  g_assert_no_error(error);
  world->scope.org_id = number(db, "SELECT org_id FROM org");
  world->scope.source_id =
      number(db, "INSERT INTO source (org_id, name) SELECT org_id, 'main' FROM org RETURNING source_id");
  world->scope.base = BASE;
  world->ids = g_ptr_array_new_with_free_func(g_free);
  world->literals = g_ptr_array_new_with_free_func(g_free);
  world->pool =
      db_pool_new(&(DbPoolOptions){.conninfo = world->cluster->conninfo, .application_name = "t", .size = 2});
  for (guint i = 0; i < PEOPLE; i++)
    make(world, scim_type_user(), i);
  for (guint i = 0; i < GROUPS; i++)
    make(world, scim_type_group(), i);
}

static void tear_down(World *world) {
  db_pool_free(world->pool);
  cluster_free(world->cluster);
  g_ptr_array_unref(world->ids);
  g_ptr_array_unref(world->literals);
  g_rand_free(world->random);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  World world = {0};
  set_up(&world);
  g_test_add_data_func("/filter/users", &world, test_users);
  g_test_add_data_func("/filter/groups", &world, test_groups);
  int code = g_test_run();
  tear_down(&world);
  return code;
}
