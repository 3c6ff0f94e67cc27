#include "lib/clock.h"

typedef struct {
  const char *text;
  const char *formatted; /* NULL: refused */
} ParseCase;

static const ParseCase parse_cases[] = {
    {"2026-11-24T10:14:03.123456Z", "2026-11-24T10:14:03.123456Z"},
    {"2026-11-24t10:14:03z", "2026-11-24T10:14:03.000000Z"},
    {"2026-11-24T10:14:03", "2026-11-24T10:14:03.000000Z"},
    {"2026-11-24T10:14:03.1Z", "2026-11-24T10:14:03.100000Z"},
    {"2026-11-24T10:14:03.123456789Z", "2026-11-24T10:14:03.123456Z"},
    {"2026-11-24T10:14:03+01:30", "2026-11-24T08:44:03.000000Z"},
    {"2026-11-24T23:14:03-05:00", "2026-11-25T04:14:03.000000Z"},
    {"2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000000Z"},
    {"2024-02-29T00:00:00Z", "2024-02-29T00:00:00.000000Z"},
    {"1969-12-31T23:59:59.5Z", "1969-12-31T23:59:59.500000Z"},
    {"0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000000Z"},
    {"9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"},
    {"", NULL},
    {"2026", NULL},
    {"2026-11-24", NULL},
    {"0000-01-01T00:00:00Z", NULL},
    {"2023-02-29T00:00:00Z", NULL},
    {"2026-13-01T00:00:00Z", NULL},
    {"2026-00-01T00:00:00Z", NULL},
    {"2026-01-00T00:00:00Z", NULL},
    {"2026-04-31T00:00:00Z", NULL},
    {"2026-01-01T24:00:00Z", NULL},
    {"2026-01-01T00:60:00Z", NULL},
    {"2026-01-01T00:00:61Z", NULL},
    {"2026-01-01T00:00:00.Z", NULL},
    {"2026-01-01T00:00:00+25:00", NULL},
    {"2026-01-01T00:00:00+01:60", NULL},
    {"2026-01-01T00:00:00+0100", NULL},
    {"2026-01-01T00:00:00Zx", NULL},
    {"2026-01-01 00:00:00Z", NULL},
    {" 2026-01-01T00:00:00Z", NULL},
    {"-026-01-01T00:00:00Z", NULL},
    {"2026-1-1T00:00:00Z", NULL},
};

static void test_parse(gconstpointer data) {
  const ParseCase *c = data;
  gint64 wall = G_MININT64;
  gboolean good = clock_parse(c->text, &wall);
  g_assert_cmpint(good, ==, c->formatted != NULL);
  if (!good) {
    g_assert_cmpint(wall, ==, G_MININT64);
    return;
  }
  char text[CLOCK_TEXT_BYTES];
  g_assert_cmpstr(clock_format(wall, text), ==, c->formatted);
}

static void test_epoch(void) {
  gint64 wall = 1;
  g_assert_true(clock_parse("1970-01-01T00:00:00Z", &wall));
  g_assert_cmpint(wall, ==, 0);
}

static void test_day(void) {
  static const char *const cases[][2] = {{"2026-11-03T23:59:59Z", "3 Nov 2026"},
                                         {"2024-02-29T00:00:00Z", "29 Feb 2024"},
                                         {"1969-12-31T23:59:59.5Z", "31 Dec 1969"}};
  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
    gint64 wall = 0;
    char text[CLOCK_TEXT_BYTES];
    g_assert_true(clock_parse(cases[i][0], &wall));
    g_assert_cmpstr(clock_format_day(wall, text), ==, cases[i][1]);
  }
}

static void test_deadline(void) {
  gint64 before = clock_now();
  gint64 deadline = clock_deadline(5);
  g_assert_cmpint(deadline, >=, before + 5 * G_USEC_PER_SEC);
  g_assert_cmpint(clock_left_ms(deadline), <=, 5000);
  g_assert_cmpint(clock_left_ms(deadline), >, 4000);
  g_assert_cmpint(clock_left_ms(before - G_USEC_PER_SEC), ==, 0);
  g_assert_cmpint(clock_left_ms(G_MININT64 / 2), ==, 0);
  /* poll(2) must not return before the deadline: a rest of a millisecond counts as one. */
  g_assert_cmpint(clock_left_ms(clock_now() + 500), <=, 1);
}

static void test_wall(void) {
  gint64 year_2026 = 0;
  g_assert_true(clock_parse("2026-01-01T00:00:00Z", &year_2026));
  g_assert_cmpint(clock_wall(), >, year_2026);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS(parse_cases); i++) {
    g_autofree char *path = g_strdup_printf("/clock/parse/%02" G_GSIZE_FORMAT, i);
    g_test_add_data_func(path, &parse_cases[i], test_parse);
  }
  g_test_add_func("/clock/epoch", test_epoch);
  g_test_add_func("/clock/day", test_day);
  g_test_add_func("/clock/deadline", test_deadline);
  g_test_add_func("/clock/wall", test_wall);
  return g_test_run();
}
