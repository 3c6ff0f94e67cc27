#include "mail/rule.h"

#include <string.h>

#include "mail/error.h"

typedef struct {
  const char *text, *days; /* NULL: none */
} DaysCase;

static const DaysCase days_cases[] = {
    {"mon-fri", "[1,2,3,4,5]"},
    {"mon-fri,sun", "[1,2,3,4,5,7]"},
    {"fri-mon", "[1,5,6,7]"},
    {"Sat", "[6]"},
    {" tue , TUE ", "[2]"},
    {"mon-mon", "[1]"},
    {"sun,mon,tue,wed,thu,fri,sat", "[1,2,3,4,5,6,7]"},
    {"", NULL},
    {",", NULL},
    {"mon-", NULL},
    {"-fri", NULL},
    {"mon-fri-sun", NULL},
    {"monday", NULL},
    {"1-5", NULL},
    {"m", NULL},
};

static void test_days(void) {
  for (gsize i = 0; i < G_N_ELEMENTS(days_cases); i++) {
    g_autoptr(json_t) days = mail_rule_days(days_cases[i].text);
    g_autofree char *text = days == NULL ? NULL : jsontext_dump(days);
    g_assert_cmpstr(text, ==, days_cases[i].days);
  }
}

typedef struct {
  const char *text;
  int minutes; /* -1: none */
} TimeCase;

static const TimeCase time_cases[] = {
    {"00:00", 0},  {"8:00", 480}, {"08:05", 485}, {"23:59", 1439}, {"24:00", -1},  {"08:60", -1},
    {"0800", -1},  {"08:0", -1},  {"8", -1},      {":00", -1},     {"108:00", -1}, {"08:000", -1},
    {"-8:00", -1}, {"08:+5", -1}, {"08:00 ", -1}, {"", -1},
};

static void test_times(void) {
  for (gsize i = 0; i < G_N_ELEMENTS(time_cases); i++) {
    int minutes = -1;
    g_assert_cmpint(mail_rule_time(time_cases[i].text, &minutes), ==, time_cases[i].minutes >= 0);
    g_assert_cmpint(minutes, ==, time_cases[i].minutes);
  }
}

typedef struct {
  const char *text;
  const char *words; /* of the refusal; NULL: a rule */
} RuleCase;

static const RuleCase rule_cases[] = {
    {"{\"name\":\"a\",\"effect\":\"deny\"}", NULL},
    {"{\"name\":\"a\",\"effect\":\"deny\",\"id\":7,\"created\":\"x\"}", NULL},
    {"{\"name\":\"a\",\"effect\":\"allow\",\"from\":\"22:00\",\"to\":\"6:00\"}", NULL},
    {"{\"name\":\"a\"}", "a rule needs effect"},
    {"{\"effect\":\"deny\"}", "a rule needs name"},
    {"{\"name\":\"\",\"effect\":\"deny\"}", "name takes"},
    {"{\"name\":\"a\\nb\",\"effect\":\"deny\"}", "name takes"},
    {"{\"name\":\"a\",\"effect\":\"DENY\"}", "effect takes allow or deny"},
    {"{\"name\":\"a\",\"effect\":\"deny\",\"ip\":[]}", "a rule has no \"ip\""},
    {"{\"name\":\"a\",\"effect\":\"deny\",\"cidrs\":[\"192.0.2.1/24\"]}", "cidrs takes"},
    {"{\"name\":\"a\",\"effect\":\"deny\",\"cidrs\":\"192.0.2.0/24\"}", "cidrs takes"},
    {"{\"name\":\"a\",\"effect\":\"deny\",\"actions\":[\"ftp\"]}", "actions takes"},
    {"{\"name\":\"a\",\"effect\":\"deny\",\"days\":[0]}", "days takes"},
    {"{\"name\":\"a\",\"effect\":\"deny\",\"days\":[8]}", "days takes"},
    {"{\"name\":\"a\",\"effect\":\"deny\",\"tokens\":[\"7\"]}", "tokens takes"},
    {"{\"name\":\"a\",\"effect\":\"deny\",\"users\":[\"\"]}", "users takes"},
    {"{\"name\":\"a\",\"effect\":\"deny\",\"from\":\"08:00\"}", "both from and to"},
    {"{\"name\":\"a\",\"effect\":\"deny\",\"from\":\"25:00\",\"to\":\"08:00\"}", "from takes"},
    {"[]", "a rule is a JSON object"},
    {"{\"name\":\"a\",\"name\":\"b\",\"effect\":\"deny\"}", ""},
    {"", ""},
};

static void test_rules(void) {
  for (gsize i = 0; i < G_N_ELEMENTS(rule_cases); i++) {
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) rule = mail_rule_read(rule_cases[i].text, strlen(rule_cases[i].text), &error);
    if (rule_cases[i].words == NULL) {
      g_assert_no_error(error);
      g_assert_cmpuint(json_object_size(rule), ==, 17);
      continue;
    }
    g_assert_error(error, MAIL_ERROR, MAIL_ERROR_INPUT);
    g_assert_nonnull(strstr(error->message, rule_cases[i].words));
  }
}

/* Two spellings of one rule are one. */
static void test_canonical(void) {
  static const char given[] = "{\"name\":\"a\",\"effect\":\"deny\",\"actions\":[\"IMAP\"],\"cidrs\":[\"2001:"
                              "DB8::/32\",\"192.0.2.7\"],"
                              "\"from\":\"8:00\",\"to\":\"18:00\"}";
  g_autoptr(json_t) rule = mail_rule_read(given, strlen(given), NULL);
  g_autofree char *text = jsontext_canonical(rule);
  g_assert_cmpstr(
      text, ==,
      "{\"about\":\"\",\"actions\":[\"imap\"],\"cidrs\":[\"2001:db8::/32\",\"192.0.2.7\"],\"days\":[],"
      "\"effect\":\"deny\",\"from\":\"08:00\",\"groups\":[],\"message\":null,\"name\":\"a\",\"not_actions\":["
      "],"
      "\"not_cidrs\":[],\"not_groups\":[],\"not_users\":[],\"to\":\"18:00\",\"tokens\":[],\"users\":[],"
      "\"zone\":\"UTC\"}");
}

static void test_why_not(void) {
  MailRuleFit fit = {TRUE, TRUE, TRUE, TRUE, TRUE, TRUE};
  g_assert_null(mail_rule_why_not(&fit));
  fit.ip = fit.time = FALSE;
  g_autofree char *why = mail_rule_why_not(&fit);
  g_assert_cmpstr(why, ==, "is for other networks; is for other times");
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/mail_rule/days", test_days);
  g_test_add_func("/mail_rule/times", test_times);
  g_test_add_func("/mail_rule/rules", test_rules);
  g_test_add_func("/mail_rule/canonical", test_canonical);
  g_test_add_func("/mail_rule/why-not", test_why_not);
  return g_test_run();
}
