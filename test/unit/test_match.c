#include "scim/match.h"

typedef struct {
  const char *header;
  gboolean matches; /* version 7 */
} Case;

static const Case cases[] = {
    {"W/\"7\"", TRUE},
    {"\"7\"", TRUE},
    {"w/\"7\"", TRUE},
    {"*", TRUE},
    {" * ", TRUE},
    {"W/\"1\", W/\"7\"", TRUE},
    {"W/\"1\",\"7\"", TRUE},
    {" W/\"7\" ", TRUE},
    {"W/\"8\"", FALSE},
    {"W/\"77\"", FALSE},
    {"W/\"\"", FALSE},
    {"7", FALSE},
    {"W/7", FALSE},
    {"\"7", FALSE},
    {"*7", FALSE},
    {"", FALSE},
    {",", FALSE},
    {"W/\"1\" W/\"7\"", FALSE},
};

static void test_version(gconstpointer data) {
  const Case *c = data;
  g_assert_cmpint(scim_match_version(c->header, 7), ==, c->matches);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *path = g_strdup_printf("/match/version/%02" G_GSIZE_FORMAT, i);
    g_test_add_data_func(path, &cases[i], test_version);
  }
  return g_test_run();
}
