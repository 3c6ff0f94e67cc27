#include "mail/plan.h"

#include <string.h>

#define DAY_US (24 * G_GINT64_CONSTANT(3600) * G_USEC_PER_SEC)
#define NOW_US (20000 * DAY_US)
#define HERE "11111111-1111-4111-8111-111111111111"
#define THERE "22222222-2222-4222-8222-222222222222"

/* A person, what was found, and what shall follow; absent members are the usual: active, in the group, a plain mailbox. */
typedef struct {
  const char *name;
  const char *user, *emails; /* userName; e-mails with commas, the first is primary */
  /* Of the person; outside: in no mail group; nobody: the mailbox has none; missing: neither there nor deleted. */
  gboolean inactive, deleted, outside, nobody, missing;
  const char *address; /* of the mailbox; NULL: none */
  const char *aliases; /* found ones */
  gboolean foreign, disabled, pinned, shut, contained, held, lent, ungrouped, gone, returns;
  const char *taken; /* "ADDRESS passing|resting|PAST|owned …": what somebody else has */
  MailAddressRule rule;
  const char *steps; /* "rename:new@a.example change:…" */
  const char *after; /* aliases after it */
  gboolean idle, open;
} PlanCase;

static const PlanCase cases[] = {
    /* The plain ones. */
    {.name = "newcomer", .user = "ada@a.example", .steps = "create:ada@a.example", .open = TRUE},
    {.name = "as wanted",
     .user = "ada@a.example",
     .address = "ada@a.example",
     .steps = "keep:ada@a.example",
     .idle = TRUE,
     .open = TRUE},
    {.name = "newcomer who is inactive",
     .user = "ada@a.example",
     .inactive = TRUE,
     .steps = "keep:",
     .idle = TRUE},
    {.name = "in no mail group", .user = "ada@a.example", .outside = TRUE, .steps = "keep:", .idle = TRUE},
    {.name = "capitals are no other address",
     .user = "Ada@A.Example",
     .address = "ada@a.example",
     .steps = "keep:ada@a.example",
     .idle = TRUE,
     .open = TRUE},

    {.name = "missing is not deleted",
     .missing = TRUE,
     .address = "ada@a.example",
     .steps = "keep:ada@a.example",
     .idle = TRUE,
     .open = TRUE},
    {.name = "missing, but an admin has yet to decide on it",
     .missing = TRUE,
     .held = TRUE,
     .shut = TRUE,
     .address = "ada@a.example",
     .steps = "disable:ada@a.example=deleted from the directory",
     .idle = TRUE},

    /* The eleven holes of the sample sync. */
    {.name = "hole a: a mailbox without a person stops nobody",
     .nobody = TRUE,
     .address = "shared@a.example",
     .steps = "keep:shared@a.example",
     .idle = TRUE,
     .open = TRUE},
    {.name = "hole b: an empty or vanished group is told apart, to be held",
     .user = "ada@a.example",
     .outside = TRUE,
     .gone = TRUE,
     .address = "ada@a.example",
     .steps = "disable:ada@a.example=the mail group vanished or is empty",
     .open = TRUE},
    {.name = "hole c: what we did not make or adopt is never touched",
     .user = "ada@a.example",
     .outside = TRUE,
     .address = "ada@a.example",
     .foreign = TRUE,
     .steps = "unmanaged:=not made or adopted by gatepost",
     .idle = TRUE,
     .open = TRUE},
    {.name = "hole c: adopted without a group was never in scope",
     .user = "ada@a.example",
     .outside = TRUE,
     .address = "ada@a.example",
     .ungrouped = TRUE,
     .steps = "keep:ada@a.example",
     .idle = TRUE,
     .open = TRUE},
    {.name = "hole d: a@x and a@y collide by local part, and are named",
     .user = "ada@elsewhere.example",
     .rule = MAIL_RULE_LOCAL_PART,
     .taken = "ada@a.example owned",
     .steps = "collide:ada@a.example=belongs to bob (bob@a.example)",
     .idle = TRUE},
    {.name = "hole d: by userName they do not",
     .user = "ada@b.example",
     .taken = "ada@a.example owned",
     .steps = "create:ada@b.example",
     .open = TRUE},
    {.name = "hole e: a rename is a rename",
     .user = "lovelace@a.example",
     .address = "ada@a.example",
     .steps = "rename:lovelace@a.example=was ada@a.example",
     .open = TRUE},
    {.name = "hole f: the domain is the person's or the group's, never one of ours by chance",
     .user = "ada",
     .rule = MAIL_RULE_LOCAL_PART,
     .steps = "create:ada@a.example",
     .open = TRUE},
    {.name = "hole g: a mailbox begins without any password",
     .user = "g@a.example",
     .steps = "create:g@a.example",
     .open = TRUE},
    {.name = "hole h: what exists already is kept, not failed",
     .user = "ada@a.example",
     .address = "ada@a.example",
     .taken = "ada@a.example mine",
     .steps = "keep:ada@a.example",
     .idle = TRUE,
     .open = TRUE},
    {.name = "hole i: no mailbox has its reason",
     .user = "ada",
     .steps = "unmanaged:=gets no mailbox: the name has no @",
     .idle = TRUE},
    {.name = "hole j: nothing is done again each run",
     .user = "ada@a.example",
     .inactive = TRUE,
     .address = "ada@a.example",
     .disabled = TRUE,
     .shut = TRUE,
     .steps = "keep:ada@a.example",
     .idle = TRUE},
    {.name = "hole k: a leaver is shut in the same plan that disables",
     .user = "ada@a.example",
     .inactive = TRUE,
     .address = "ada@a.example",
     .steps = "disable:ada@a.example=inactive in the directory"},

    /* Leaving and coming back. */
    {.name = "deleted",
     .deleted = TRUE,
     .address = "ada@a.example",
     .steps = "disable:ada@a.example=deleted from the directory"},
    {.name = "left the group: goes on until it is disabled",
     .user = "ada@a.example",
     .outside = TRUE,
     .address = "ada@a.example",
     .steps = "disable:ada@a.example=left the mail groups",
     .open = TRUE},
    {.name = "held, and shut already: waits",
     .user = "ada@a.example",
     .inactive = TRUE,
     .address = "ada@a.example",
     .held = TRUE,
     .shut = TRUE,
     .steps = "disable:ada@a.example=inactive in the directory",
     .idle = TRUE},
    {.name = "held for scope, then inactive: the door shuts all the same",
     .user = "ada@a.example",
     .inactive = TRUE,
     .address = "ada@a.example",
     .held = TRUE,
     .steps = "disable:ada@a.example=inactive in the directory"},
    {.name = "lent",
     .user = "ada@a.example",
     .inactive = TRUE,
     .address = "ada@a.example",
     .lent = TRUE,
     .steps = "keep:ada@a.example",
     .idle = TRUE,
     .open = TRUE},
    {.name = "back from held",
     .user = "ada@a.example",
     .address = "ada@a.example",
     .held = TRUE,
     .shut = TRUE,
     .steps = "keep:ada@a.example",
     .open = TRUE},
    {.name = "back from lent",
     .user = "ada@a.example",
     .address = "ada@a.example",
     .lent = TRUE,
     .steps = "keep:ada@a.example",
     .open = TRUE},
    {.name = "back from disabled",
     .user = "ada@a.example",
     .address = "ada@a.example",
     .disabled = TRUE,
     .shut = TRUE,
     .steps = "enable:ada@a.example=back in the directory",
     .open = TRUE},
    {.name = "back under another id",
     .user = "ada@a.example",
     .address = "ada@a.example",
     .returns = TRUE,
     .steps = "keep:ada@a.example",
     .open = TRUE},
    {.name = "a leaver is not renamed on the way out",
     .user = "x@a.example",
     .inactive = TRUE,
     .address = "ada@a.example",
     .steps = "disable:ada@a.example=inactive in the directory"},
    {.name = "contained stays shut",
     .user = "ada@a.example",
     .address = "ada@a.example",
     .contained = TRUE,
     .shut = TRUE,
     .steps = "keep:ada@a.example",
     .idle = TRUE},

    /* Addresses. */
    {.name = "swap A and B: both collide, nobody gets the other's mail",
     .user = "b@a.example",
     .address = "a@a.example",
     .taken = "b@a.example owned",
     .steps = "collide:b@a.example=belongs to bob (bob@a.example)",
     .idle = TRUE,
     .open = TRUE},
    {.name = "one's own former address comes back",
     .user = "old@a.example",
     .address = "new@a.example",
     .taken = "old@a.example mine",
     .steps = "rename:old@a.example=was new@a.example",
     .open = TRUE},
    {.name = "somebody's former address still delivers",
     .user = "ada@a.example",
     .taken = "ada@a.example passing",
     .steps =
         "collide:ada@a.example=still delivers to bob (bob@a.example), who was renamed, until 5 Oct 2024",
     .idle = TRUE},
    {.name = "a resting one rests",
     .user = "ada@a.example",
     .taken = "ada@a.example resting",
     .steps = "collide:ada@a.example=was bob (bob@a.example)'s and rests until 5 Oct 2024",
     .idle = TRUE},
    {.name = "a rested one is free",
     .user = "ada@a.example",
     .taken = "ada@a.example PAST",
     .steps = "create:ada@a.example",
     .open = TRUE},
    {.name = "outside our domains",
     .user = "ada@elsewhere.example",
     .steps = "unmanaged:=gets no mailbox: the name is not in a verified domain of this organisation",
     .idle = TRUE},
    {.name = "renamed to outside: keeps what it has",
     .user = "ada@elsewhere.example",
     .address = "ada@a.example",
     .steps = "keep:ada@a.example",
     .idle = TRUE,
     .open = TRUE},
    {.name = "primary e-mail",
     .user = "u17",
     .emails = "ada@a.example,ada@b.example",
     .rule = MAIL_RULE_PRIMARY_EMAIL,
     .steps = "create:ada@a.example",
     .after = "ada@b.example",
     .open = TRUE},
    {.name = "no e-mail",
     .user = "u17",
     .rule = MAIL_RULE_PRIMARY_EMAIL,
     .steps = "unmanaged:=gets no mailbox: the name has no e-mail in the directory",
     .idle = TRUE},
    {.name = "aliases: sorted, ours only, each once",
     .user = "ada@a.example",
     .emails = "z@a.example,ada@a.example,Z@A.example,x@elsewhere.example,b@b.example",
     .steps = "create:ada@a.example",
     .after = "b@b.example z@a.example",
     .open = TRUE},
    {.name = "an alias that somebody has is named and left out",
     .user = "ada@a.example",
     .emails = "b@a.example,c@a.example",
     .taken = "b@a.example owned",
     .steps = "create:ada@a.example collide:b@a.example=belongs to bob (bob@a.example)",
     .after = "c@a.example",
     .open = TRUE},
    {.name = "an alias less",
     .user = "ada@a.example",
     .address = "ada@a.example",
     .aliases = "b@a.example",
     .steps = "change:ada@a.example",
     .open = TRUE},
    {.name = "override: a pinned address is not renamed; the one by rule delivers too",
     .user = "ada@a.example",
     .address = "boss@a.example",
     .pinned = TRUE,
     .steps = "change:boss@a.example",
     .after = "ada@a.example",
     .open = TRUE},
};

static char **split(const char *text, const char *by) {
  return g_strsplit(text != NULL ? text : "", by, -1);
}

static MailTemplate template_of(const PlanCase *row) {
  return (MailTemplate){.mail_group_id = 1,
                        .domain = (char *)"a.example",
                        .protocols = (char *)"imap",
                        .rule = row->rule,
                        .aliases = TRUE};
}

static void fill(const PlanCase *row, MailMember *person, MailFound *found) {
  person->user_id = row->nobody ? NULL : g_strdup(THERE);
  person->known = !row->deleted && !row->nobody && !row->missing;
  person->deleted = row->deleted;
  person->active = !row->inactive;
  person->user_name = g_strdup(row->user);
  person->emails = split(row->emails, ",");
  person->primary_email = g_strdup(person->emails[0]);
  if (row->address == NULL)
    return;
  *found = (MailFound){.mailbox_id = g_strdup(HERE),
                       .address = g_strdup(row->address),
                       .managed = !row->foreign,
                       .disabled = row->disabled,
                       .pinned = row->pinned,
                       .open = !row->shut,
                       .contained = row->contained,
                       .held = row->held,
                       .returns = row->returns,
                       .lent_until_us = row->lent ? NOW_US + DAY_US : 0,
                       .mail_group_id = row->ungrouped ? 0 : 1,
                       .protocols = g_strdup("imap"),
                       .aliases = row->aliases != NULL ? split(row->aliases, ",") : NULL};
}

static GHashTable *taken_of(const PlanCase *row) {
  GHashTable *table = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)mail_taken_free);
  g_auto(GStrv) words = split(row->taken, " ");
  for (guint i = 0; words[i] != NULL && words[i + 1] != NULL; i += 2) {
    MailTaken *taken = g_new0(MailTaken, 1);
    gboolean past = strcmp(words[i + 1], "PAST") == 0, resting = strcmp(words[i + 1], "resting") == 0 || past;
    *taken = (MailTaken){.passing = resting || strcmp(words[i + 1], "passing") == 0,
                         .resting = resting,
                         .mailbox_id = g_strdup(strcmp(words[i + 1], "mine") == 0 ? HERE : THERE),
                         .who = g_strdup("bob (bob@a.example)"),
                         .until_us = past ? NOW_US : NOW_US + DAY_US};
    g_hash_table_insert(table, g_strdup(words[i]), taken);
  }
  return table;
}

static char *steps_of(const MailPlan *plan) {
  GString *text = g_string_new(NULL);
  for (guint i = 0; i < plan->steps->len; i++) {
    const MailStep *step = &g_array_index(plan->steps, MailStep, i);
    g_string_append_printf(text, "%s%s:%s", i > 0 ? " " : "", mail_step_name(step->kind),
                           step->address ? step->address : "");
    if (step->why != NULL && step->kind != MAIL_STEP_KEEP)
      g_string_append_printf(text, "=%s", step->why);
  }
  return g_string_free(text, FALSE);
}

static void test_case(gconstpointer data) {
  static const char *const domains[] = {"a.example", "b.example", NULL};
  const PlanCase *row = data;
  g_auto(MailMember) person = {0};
  g_auto(MailFound) found = {0};
  fill(row, &person, &found);
  MailTemplate item = template_of(row);
  g_autoptr(GHashTable) taken = taken_of(row);
  MailPlanInput input = {.item = row->outside || row->deleted || row->nobody || row->missing ? NULL : &item,
                         .person = &person,
                         .found = &found,
                         .domains = domains,
                         .taken = taken,
                         .group_gone = row->gone,
                         .now_us = NOW_US};
  g_auto(MailPlan) plan = {0};
  mail_plan_make(&input, &plan);
  g_autofree char *steps = steps_of(&plan);
  g_assert_cmpstr(steps, ==, row->steps);
  g_assert_cmpint(plan.idle, ==, row->idle);
  g_assert_cmpint(plan.open, ==, row->open);
  if (row->after == NULL && row->aliases == NULL)
    return;
  g_autofree char *after = g_strjoinv(" ", plan.aliases);
  g_assert_cmpstr(after, ==, row->after != NULL ? row->after : "");
}

/* Planned, written, planned again: nothing is left to do. */
static void test_settles(void) {
  static const char *const domains[] = {"a.example", NULL};
  MailTemplate item = {
      .mail_group_id = 3, .domain = (char *)"a.example", .protocols = (char *)"imap", .aliases = TRUE};
  char *emails[] = {(char *)"b@a.example", (char *)"c@a.example", NULL};
  MailMember person = {.user_id = (char *)THERE,
                       .known = TRUE,
                       .active = TRUE,
                       .user_name = (char *)"a@a.example",
                       .emails = emails};
  MailFound found = {0};
  MailPlanInput input = {
      .item = &item, .person = &person, .found = &found, .domains = domains, .now_us = NOW_US};
  g_auto(MailPlan) first = {0};
  mail_plan_make(&input, &first);
  g_assert_true(mail_plan_has(&first, MAIL_STEP_CREATE));
  found = (MailFound){.mailbox_id = (char *)HERE,
                      .address = first.address,
                      .managed = TRUE,
                      .open = first.open,
                      .mail_group_id = 3,
                      .protocols = (char *)"imap",
                      .aliases = first.aliases};
  g_auto(MailPlan) second = {0};
  mail_plan_make(&input, &second);
  g_assert_true(second.idle);
  g_assert_cmpuint(second.steps->len, ==, 1);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *path = g_strdup_printf("/plan/%s", cases[i].name);
    g_test_add_data_func(path, &cases[i], test_case);
  }
  g_test_add_func("/plan-settles", test_settles);
  return g_test_run();
}
