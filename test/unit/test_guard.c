#include "mail/guard.h"

#include "mail/effects.h"

typedef struct {
  gint64 count;
  double percent;
  gint64 managed, lost, cap;
  gboolean allowed;
} GuardCase;

static const GuardCase cases[] = {
    {10, 5, 0, 0, 10, TRUE},         {10, 5, 212, 9, 10, TRUE},
    {10, 5, 212, 10, 10, FALSE},     {10, 5, 219, 10, 10, FALSE},
    {10, 5, 220, 10, 11, TRUE},      {10, 5, 10000, 499, 500, TRUE},
    {10, 5, 10000, 500, 500, FALSE}, {10, 5, 100000000, 4999999, 5000000, TRUE},
    {1, 0, 10000, 0, 1, TRUE},       {1, 0, 10000, 1, 1, FALSE},
    {1, 100, 50, 49, 50, TRUE},      {10, 5, 26, 24, 10, FALSE},
};

static void test_cap(void) {
  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
    MailGuard guard = {cases[i].count, cases[i].percent, cases[i].managed, cases[i].lost};
    g_assert_cmpint(mail_guard_cap(&guard), ==, cases[i].cap);
    g_assert_cmpint(mail_guard_allows(&guard), ==, cases[i].allowed);
  }
}

/* F26: how many of a flood go through, whoever counts. */
static void test_flood(void) {
  static const gint64 floods[][3] = {{26, 24, 10}, {26, 26, 10}, {10000, 1001, 500}, {10000, 10000, 500}};
  for (gsize i = 0; i < G_N_ELEMENTS(floods); i++) {
    MailGuard guard = {.count = 10, .percent = 5, .managed = floods[i][0]};
    for (gint64 leaver = 0; leaver < floods[i][1]; leaver++)
      guard.lost += mail_guard_allows(&guard) ? 1 : 0;
    g_assert_cmpint(guard.lost, ==, floods[i][2]);
  }
}

static void test_back_off(void) {
  g_assert_cmpint(mail_effects_back_off(0, 0), ==, 1000);
  g_assert_cmpint(mail_effects_back_off(0, 1), ==, 3000);
  g_assert_cmpint(mail_effects_back_off(1, 0.5), ==, 4000);
  g_assert_cmpint(mail_effects_back_off(5, 0.5), ==, 64000);
  g_assert_cmpint(mail_effects_back_off(100, 0.5), ==, 900000);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/guard/cap", test_cap);
  g_test_add_func("/guard/flood", test_flood);
  g_test_add_func("/effects/back-off", test_back_off);
  return g_test_run();
}
