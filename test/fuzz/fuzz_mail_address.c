#include <stdint.h>
#include <string.h>

#include "lib/address.h"
#include "mail/plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whatever a directory sends as names: an address is canonical and in our domains, or there is none and a reason. */
static void check(const MailTemplate *item, const MailMember *person) {
  static const char *const domains[] = {"a.example", "b.example", NULL};
  MailFound none = {0};
  MailPlanInput input = {.item = item, .person = person, .found = &none, .domains = domains};
  g_auto(MailPlan) plan = {0};
  mail_plan_make(&input, &plan);
  g_assert_cmpuint(plan.steps->len, >, 0);
  if (plan.address == NULL) {
    g_assert_nonnull(g_array_index(plan.steps, MailStep, 0).why);
    return;
  }
  const char *why = NULL;
  g_autofree char *again = address_parse(plan.address, &why);
  g_assert_cmpstr(again, ==, plan.address);
  g_assert_true(g_strv_contains(domains, address_domain_of(again)));
  for (guint i = 0; plan.aliases[i] != NULL; i++) {
    g_assert_cmpstr(plan.aliases[i], !=, plan.address);
    g_assert_true(i == 0 || strcmp(plan.aliases[i - 1], plan.aliases[i]) < 0);
  }
}

/* The first line is the userName; the rest is a resource's JSON. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  g_autofree char *text = g_strndup((const char *)data, size);
  g_auto(GStrv) parts = g_strsplit(text, "\n", 2);
  if (parts[0] == NULL)
    return 0;
  g_auto(MailMember)
      person = {.user_id = g_strdup("u"), .known = TRUE, .active = TRUE, .user_name = g_strdup(parts[0])};
  mail_member_read(&person, parts[1]);
  for (int rule = MAIL_RULE_USER_NAME; rule <= MAIL_RULE_LOCAL_PART; rule++) {
    MailTemplate item = {
        .mail_group_id = 1, .domain = (char *)"a.example", .rule = (MailAddressRule)rule, .aliases = TRUE};
    check(&item, &person);
  }
  return 0;
}
