#include "mail/breaker.h"

#define S G_USEC_PER_SEC

/* A life of a breaker: at second `at` a call is asked for, which must be let through or not, and then ends well ('+'), badly ('-')
 * or does not end (' '). */
typedef struct {
  gint64 at;
  gboolean let;
  char end;
} Step;

typedef struct {
  const char *name;
  Step steps[16];
} Case;

static const Case cases[] = {
    {"closed", {{1, TRUE, '+'}, {2, TRUE, '-'}, {3, TRUE, '+'}}},
    {"five-in-thirty-open",
     {{1, TRUE, '-'},
      {2, TRUE, '-'},
      {3, TRUE, '-'},
      {4, TRUE, '-'},
      {5, TRUE, '-'},
      {6, FALSE, ' '},
      {14, FALSE, ' '}}},
    {"five-over-thirty-stay-closed",
     {{1, TRUE, '-'}, {9, TRUE, '-'}, {17, TRUE, '-'}, {25, TRUE, '-'}, {33, TRUE, '-'}, {34, TRUE, '-'}}},
    {"a-window-slides",
     {{1, TRUE, '-'},
      {20, TRUE, '-'},
      {28, TRUE, '-'},
      {36, TRUE, '-'},
      {44, TRUE, '-'},
      {45, TRUE, '-'},
      {46, FALSE, ' '}}},
    {"success-forgets",
     {{1, TRUE, '-'},
      {2, TRUE, '-'},
      {3, TRUE, '-'},
      {4, TRUE, '-'},
      {5, TRUE, '+'},
      {6, TRUE, '-'},
      {7, TRUE, '+'}}},
    {"one-probe-closes",
     {{1, TRUE, '-'},
      {1, TRUE, '-'},
      {1, TRUE, '-'},
      {1, TRUE, '-'},
      {1, TRUE, '-'},
      {11, TRUE, ' '},
      {12, FALSE, ' '},
      {12, FALSE, '+'},
      {13, TRUE, '-'}}},
    {"one-probe-opens-again",
     {{1, TRUE, '-'},
      {1, TRUE, '-'},
      {1, TRUE, '-'},
      {1, TRUE, '-'},
      {1, TRUE, '-'},
      {11, TRUE, '-'},
      {20, FALSE, ' '},
      {21, TRUE, '+'},
      {21, TRUE, ' '}}},
    {"a-probe-that-never-ends-is-replaced",
     {{1, TRUE, '-'},
      {1, TRUE, '-'},
      {1, TRUE, '-'},
      {1, TRUE, '-'},
      {1, TRUE, '-'},
      {11, TRUE, ' '},
      {20, FALSE, ' '},
      {21, TRUE, ' '}}},
};

static void test_life(gconstpointer data) {
  const Case *c = data;
  MailBreaker breaker = {0};
  for (gsize i = 0; i < G_N_ELEMENTS(c->steps) && c->steps[i].at > 0; i++) {
    const Step *step = &c->steps[i];
    g_assert_cmpint(mail_breaker_ask(&breaker, step->at * S), ==, step->let);
    if (step->end != ' ')
      mail_breaker_note(&breaker, step->end == '+', step->at * S);
  }
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *path = g_strdup_printf("/breaker/%s", cases[i].name);
    g_test_add_data_func(path, &cases[i], test_life);
  }
  return g_test_run();
}
