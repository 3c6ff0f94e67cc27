#include "scim/members.h"

#include <string.h>

#include "lib/jsontext.h"

/* Steps as letters: "+a" adds, "-a" removes, "!" removes all; then what is expected of add and remove. */
typedef struct {
  const char *steps, *add, *remove;
  gboolean cleared;
} Case;

static const Case cases[] = {
    {"", "", "", FALSE},        {"+a", "a", "", FALSE},       {"-a", "", "a", FALSE},
    {"+a-a", "", "a", FALSE},   {"-a+a", "a", "", FALSE},     {"+a+b-a", "b", "a", FALSE},
    {"!", "", "", TRUE},        {"!+a", "a", "", TRUE},       {"+a!", "", "", TRUE},
    {"-a!+b-b", "", "", TRUE},  {"!-a", "", "", TRUE},        {"!+a+b-a", "b", "", TRUE},
    {"+a+a+a", "a", "", FALSE}, {"-a-b+c", "c", "ab", FALSE}, {"!+a!+b", "b", "", TRUE},
};

static void apply(ScimMembers *members, const char *steps) {
  for (; *steps; steps++) {
    if (*steps == '!') {
      scim_members_remove_all(members);
      continue;
    }
    const char value[] = {steps[1], '\0'};
    g_autoptr(json_t) member = json_pack("{s:s}", "value", value);
    if (*steps == '+')
      scim_members_add(members, member);
    else
      scim_members_remove(members, value);
    steps++;
  }
}

static void assert_set(GHashTable *set, const char *letters) {
  g_assert_cmpuint(g_hash_table_size(set), ==, strlen(letters));
  for (; *letters; letters++) {
    const char value[] = {*letters, '\0'};
    g_assert_true(g_hash_table_contains(set, value));
  }
}

static void test_cases(void) {
  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_auto(ScimMembers) members = {0};
    scim_members_init(&members);
    apply(&members, cases[i].steps);
    g_test_message("%s", cases[i].steps);
    assert_set(members.add, cases[i].add);
    assert_set(members.remove, cases[i].remove);
    g_assert_cmpint(members.cleared, ==, cases[i].cleared);
    gboolean empty = !*cases[i].add && !*cases[i].remove && !cases[i].cleared;
    g_assert_cmpint(scim_members_empty(&members), ==, empty);
  }
}

/* The newest spelling of a member is the one that counts. */
static void test_newest(void) {
  g_auto(ScimMembers) members = {0};
  scim_members_init(&members);
  for (int i = 0; i < 2; i++) {
    g_autoptr(json_t) member = json_pack("{s:s, s:i}", "value", "a", "display", i);
    scim_members_add(&members, member);
  }
  const json_t *kept = g_hash_table_lookup(members.add, "a");
  g_assert_cmpint(json_integer_value(json_object_get(kept, "display")), ==, 1);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/members/cases", test_cases);
  g_test_add_func("/members/newest", test_newest);
  return g_test_run();
}
