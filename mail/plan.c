#include "mail/plan.h"

#include <string.h>

#include "lib/clock.h"
#include "mail/address_plan.h"

static const char *const no_aliases[] = {NULL};

const char *mail_step_name(MailStepKind kind) {
  static const char *const names[] = {"keep",   "create", "enable",    "disable",
                                      "rename", "change", "unmanaged", "collide"};
  return names[kind];
}

const char *mail_cause_name(MailCause cause) {
  static const char *const names[] = {"", "inactive", "deleted", "scope", "vanished"};
  return names[cause];
}

const char *mail_cause_words(MailCause cause) {
  static const char *const words[] = {"", "inactive in the directory", "deleted from the directory",
                                      "left the mail groups", "the mail group vanished or is empty"};
  return words[cause];
}

static void step_clear(gpointer data) {
  MailStep *step = data;
  g_free(step->address);
  g_free(step->why);
}

void mail_plan_clear(MailPlan *plan) {
  g_clear_pointer(&plan->steps, g_array_unref);
  g_clear_pointer(&plan->address, g_free);
  g_clear_pointer(&plan->aliases, g_strfreev);
}

/* Takes why. */
static void add(MailPlan *plan, MailStepKind kind, const char *address, char *why) {
  MailStep step = {.kind = kind, .address = g_strdup(address), .why = why};
  g_array_append_val(plan->steps, step);
}

gboolean mail_plan_has(const MailPlan *plan, MailStepKind kind) {
  for (guint i = 0; i < plan->steps->len; i++)
    if (g_array_index(plan->steps, MailStep, i).kind == kind)
      return TRUE;
  return FALSE;
}

/* Who keeps an address from this mailbox; NULL: it is free, or ours already. */
static const MailTaken *blocker(const MailPlanInput *input, const char *address) {
  const MailTaken *taken = input->taken != NULL ? g_hash_table_lookup(input->taken, address) : NULL;
  if (taken == NULL ||
      (taken->mailbox_id != NULL && g_strcmp0(taken->mailbox_id, input->found->mailbox_id) == 0))
    return NULL;
  return taken->resting && taken->until_us <= input->now_us ? NULL : taken;
}

static void add_collision(MailPlan *plan, const char *address, const MailTaken *taken) {
  char day[CLOCK_TEXT_BYTES];
  char *why = taken->resting   ? g_strdup_printf("was %s's and rests until %s", taken->who,
                                                 clock_format_day(taken->until_us, day))
              : taken->passing ? g_strdup_printf("still delivers to %s, who was renamed, until %s",
                                                 taken->who, clock_format_day(taken->until_us, day))
                               : g_strdup_printf("belongs to %s", taken->who);
  add(plan, MAIL_STEP_COLLIDE, address, why);
}

static char **wanted_aliases(const MailPlanInput *input, const char *primary, const char *by_rule) {
  if (!input->item->aliases)
    return g_strdupv((char **)no_aliases);
  g_auto(GStrv) aliases = mail_address_aliases(input->person, primary, input->domains);
  if (by_rule == NULL || g_strcmp0(by_rule, primary) == 0 ||
      g_strv_contains((const char *const *)aliases, by_rule))
    return g_steal_pointer(&aliases);
  /* An address chosen by hand: the one by rule still delivers. Put where the order wants it. */
  g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
  gboolean put = FALSE;
  for (guint i = 0; aliases[i] != NULL; i++) {
    if (!put && strcmp(by_rule, aliases[i]) < 0) {
      g_strv_builder_add(builder, by_rule);
      put = TRUE;
    }
    g_strv_builder_add(builder, aliases[i]);
  }
  if (!put)
    g_strv_builder_add(builder, by_rule);
  return g_strv_builder_end(builder);
}

static void plan_aliases(const MailPlanInput *input, MailPlan *plan, const char *by_rule) {
  g_auto(GStrv) wanted = wanted_aliases(input, plan->address, by_rule);
  g_autoptr(GStrvBuilder) free_ones = g_strv_builder_new();
  for (guint i = 0; wanted[i] != NULL; i++) {
    const MailTaken *taken = blocker(input, wanted[i]);
    if (taken == NULL)
      g_strv_builder_add(free_ones, wanted[i]);
    else
      add_collision(plan, wanted[i], taken);
  }
  plan->aliases = g_strv_builder_end(free_ones);
}

static void plan_none(MailPlan *plan, MailStepKind kind, char *why) {
  add(plan, kind, NULL, why);
  plan->idle = TRUE;
}

static void plan_new(const MailPlanInput *input, MailPlan *plan) {
  const char *why = NULL;
  if (input->item == NULL || !input->person->known || !input->person->active) {
    plan_none(plan, MAIL_STEP_KEEP, NULL);
    return;
  }
  g_autofree char *address = mail_address_wanted(input->item, input->person, input->domains, &why);
  if (address == NULL) {
    plan_none(plan, MAIL_STEP_UNMANAGED, g_strdup_printf("gets no mailbox: the name %s", why));
    return;
  }
  const MailTaken *taken = blocker(input, address);
  if (taken != NULL) {
    add_collision(plan, address, taken);
    plan->idle = TRUE;
    return;
  }
  add(plan, MAIL_STEP_CREATE, address, NULL);
  plan->address = g_steal_pointer(&address);
  plan->open = TRUE;
  plan_aliases(input, plan, NULL);
}

/* Absence is no order: a directory that is empty, cut short or another one deletes nobody. */
static gboolean is_missing(const MailPlanInput *input) {
  return input->person->user_id != NULL && !input->person->known && !input->person->deleted &&
         !input->found->disabled && !input->found->held;
}

static MailCause leaving(const MailPlanInput *input) {
  if (input->person->user_id == NULL)
    return MAIL_CAUSE_NONE;
  if (!input->person->known)
    return MAIL_CAUSE_DELETED;
  if (!input->person->active)
    return MAIL_CAUSE_INACTIVE;
  /* What was adopted without a group never was in scope. */
  if (input->item != NULL || input->found->mail_group_id == 0)
    return MAIL_CAUSE_NONE;
  return input->group_gone ? MAIL_CAUSE_VANISHED : MAIL_CAUSE_SCOPE;
}

static void plan_leaver(const MailPlanInput *input, MailPlan *plan) {
  const MailFound *found = input->found;
  gboolean lent = found->lent_until_us > input->now_us;
  gboolean may_sign_in = plan->cause == MAIL_CAUSE_SCOPE || plan->cause == MAIL_CAUSE_VANISHED || lent;
  plan->open = !found->disabled && may_sign_in && !found->contained;
  if (!found->disabled && !lent)
    add(plan, MAIL_STEP_DISABLE, found->address, g_strdup(mail_cause_words(plan->cause)));
  else
    add(plan, MAIL_STEP_KEEP, found->address, g_strdup(lent ? "sign-ins are lent" : NULL));
  plan->idle = plan->open == found->open && (found->disabled || lent || found->held);
}

static gboolean same(char **a, char **b) {
  const char *const *left = a != NULL ? (const char *const *)a : no_aliases;
  const char *const *right = b != NULL ? (const char *const *)b : no_aliases;
  return g_strv_equal(left, right);
}

static gboolean follows_template(const MailPlanInput *input, const MailPlan *plan) {
  const MailFound *found = input->found;
  const MailTemplate *item = input->item;
  return found->mail_group_id == item->mail_group_id && found->quota_bytes == item->quota_bytes &&
         g_strcmp0(found->protocols, item->protocols) == 0 &&
         found->deliver_disabled == item->deliver_disabled && same(found->aliases, plan->aliases);
}

static void plan_address(const MailPlanInput *input, MailPlan *plan) {
  const MailFound *found = input->found;
  const char *why = NULL;
  g_autofree char *by_rule = mail_address_wanted(input->item, input->person, input->domains, &why);
  plan->address = g_strdup(found->address);
  if (by_rule != NULL && !found->pinned && strcmp(by_rule, found->address) != 0) {
    const MailTaken *taken = blocker(input, by_rule);
    if (taken != NULL) {
      add_collision(plan, by_rule, taken);
    } else {
      add(plan, MAIL_STEP_RENAME, by_rule, g_strdup_printf("was %s", found->address));
      g_free(plan->address);
      plan->address = g_strdup(by_rule);
    }
  }
  plan_aliases(input, plan, found->pinned ? by_rule : NULL);
}

static void plan_stayer(const MailPlanInput *input, MailPlan *plan) {
  const MailFound *found = input->found;
  plan->open = !found->contained;
  if (found->disabled)
    add(plan, MAIL_STEP_ENABLE, found->address, g_strdup("back in the directory"));
  if (input->item == NULL) {
    plan->address = g_strdup(found->address);
    plan->aliases = g_strdupv(found->aliases);
  } else {
    plan_address(input, plan);
    if (!follows_template(input, plan))
      add(plan, MAIL_STEP_CHANGE, plan->address, NULL);
  }
  gboolean nothing = !mail_plan_has(plan, MAIL_STEP_ENABLE) && !mail_plan_has(plan, MAIL_STEP_RENAME) &&
                     !mail_plan_has(plan, MAIL_STEP_CHANGE);
  if (plan->steps->len == 0)
    add(plan, MAIL_STEP_KEEP, found->address, NULL);
  plan->idle =
      nothing && plan->open == found->open && !found->held && !found->returns && found->lent_until_us == 0;
}

void mail_plan_make(const MailPlanInput *input, MailPlan *plan) {
  *plan = (MailPlan){.steps = g_array_new(FALSE, FALSE, sizeof(MailStep))};
  g_array_set_clear_func(plan->steps, step_clear);
  if (input->found->mailbox_id == NULL) {
    plan_new(input, plan);
    return;
  }
  if (!input->found->managed) {
    plan_none(plan, MAIL_STEP_UNMANAGED, g_strdup("not made or adopted by gatepost"));
    plan->open = input->found->open;
    return;
  }
  plan->cause = leaving(input);
  if (input->person->user_id == NULL || is_missing(input)) {
    plan->cause = MAIL_CAUSE_NONE;
    plan->open = !input->found->disabled && !input->found->contained;
    add(plan, MAIL_STEP_KEEP, input->found->address,
        g_strdup(input->person->user_id == NULL ? "has no person" : "the directory does not know the person"));
    plan->idle = plan->open == input->found->open;
  } else if (plan->cause != MAIL_CAUSE_NONE) {
    plan_leaver(input, plan);
  } else {
    plan_stayer(input, plan);
  }
  if (plan->address == NULL) {
    plan->address = g_strdup(input->found->address);
    plan->aliases = g_strdupv(input->found->aliases);
  }
}

char **mail_plan_addresses(const MailPlanInput *input) {
  g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
  const char *why = NULL;
  if (input->item == NULL || input->person->user_name == NULL)
    return g_strv_builder_end(builder);
  g_autofree char *primary = mail_address_wanted(input->item, input->person, input->domains, &why);
  if (primary != NULL)
    g_strv_builder_add(builder, primary);
  g_auto(GStrv) aliases = mail_address_aliases(input->person, primary, input->domains);
  for (guint i = 0; aliases[i] != NULL; i++)
    g_strv_builder_add(builder, aliases[i]);
  return g_strv_builder_end(builder);
}
