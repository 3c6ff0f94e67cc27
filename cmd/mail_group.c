#include "cmd/mail_group.h"

#include <string.h>

#include "cmd/doors.h"
#include "cmd/quota.h"
#include "lib/address.h"
#include "lib/text.h"
#include "mail/admin.h"

static const OutputColumn columns[] = {{"group", "Group"},   {"mailboxes", "Mailboxes"},
                                       {"domain", "Domain"}, {"address_rule", "Address from"},
                                       {"quota", "Quota"},   {"protocols", "Protocols"},
                                       {"list", "List"},     {"priority", "Priority"},
                                       {"backend", "Store"}, {NULL}};
static const OutputColumn record_columns[] = {{"group", "Group"},
                                              {"mailboxes", "Mailboxes"},
                                              {"domain", "Domain"},
                                              {"address_rule", "Address from"},
                                              {"quota", "Quota"},
                                              {"protocols", "Protocols"},
                                              {"aliases", "Other e-mails become aliases"},
                                              {"deliver_disabled", "Mail for disabled ones arrives"},
                                              {"list", "List"},
                                              {"priority", "Priority"},
                                              {"backend", "Store"},
                                              {NULL}};

/* Takes group. */
static void show(Output *output, json_t *group) {
  if (!output_is_json(output))
    quota_show(group);
  doors_record(output, record_columns, group);
}

/* What the options point into. */
typedef struct {
  MailGroupOptions options;
  char *domain, *list;
} Wanted;

static void wanted_clear(Wanted *wanted) {
  g_free(wanted->domain);
  g_free(wanted->list);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Wanted, wanted_clear)

static gboolean fail(GError **error, const char *option, const char *text, const char *takes) {
  g_autofree char *quoted = text_quote(text);
  app_error_set(error, APP_USAGE, 0, "--%s is \"%s\"; it takes %s", option, quoted, takes);
  return FALSE;
}

/* One of words, which end with NULL; NULL when not given. */
static gboolean read_word(const VerbCall *call, const char *option, const char *const *words,
                          const char *takes, const char **value, GError **error) {
  const char *text = verb_value(call, option);
  if (text == NULL || g_strv_contains(words, text)) {
    *value = text;
    return TRUE;
  }
  return fail(error, option, text, takes);
}

static gboolean read_switch(const VerbCall *call, const char *option, int *value, GError **error) {
  static const char *const words[] = {"on", "off", NULL};
  const char *text = NULL;
  if (!read_word(call, option, words, "on or off", &text, error))
    return FALSE;
  *value = text == NULL ? -1 : strcmp(text, "on") == 0;
  return TRUE;
}

static gboolean read_domain(const VerbCall *call, Wanted *wanted, GError **error) {
  const char *text = verb_value(call, "domain"), *why = NULL;
  if (text == NULL)
    return TRUE;
  wanted->options.domain = wanted->domain = address_domain(text, &why);
  return wanted->domain != NULL || fail(error, "domain", text, "a domain such as example.org");
}

static gboolean read_list(const VerbCall *call, Wanted *wanted, GError **error) {
  const char *text = verb_value(call, "list"), *why = NULL;
  if (text == NULL)
    return TRUE;
  wanted->list = strcmp(text, "none") == 0 ? g_strdup("") : address_parse(text, &why);
  wanted->options.list = wanted->list;
  return wanted->list != NULL || fail(error, "list", text, "an address such as team@example.org, or none");
}

static gboolean read_protocols(const VerbCall *call, Wanted *wanted, GError **error) {
  static const char *const known[] = {"imap", "pop3", "smtp", "sieve", "dav", NULL};
  const char *text = verb_value(call, "protocols");
  if (text == NULL)
    return TRUE;
  g_auto(GStrv) words = g_strsplit(text, ",", -1);
  for (guint i = 0; words[i] != NULL; i++)
    if (!g_strv_contains(known, words[i]))
      return fail(error, "protocols", text, "imap, pop3, smtp, sieve and dav, with commas");
  wanted->options.protocols = text;
  return TRUE;
}

static gboolean read_template(const VerbCall *call, Wanted *wanted, GError **error) {
  static const char *const rules[] = {"userName", "primaryEmail", "localPart", NULL};
  MailGroupOptions *options = &wanted->options;
  const char *quota = verb_value(call, "quota");
  options->backend = verb_value(call, "backend");
  return (quota == NULL || quota_parse("quota", quota, &options->quota_bytes, error)) &&
         read_protocols(call, wanted, error) &&
         read_word(call, "address-rule", rules, "userName, primaryEmail or localPart", &options->rule,
                   error) &&
         read_domain(call, wanted, error) && read_switch(call, "aliases", &options->aliases, error) &&
         read_switch(call, "deliver-disabled", &options->deliver_disabled, error) &&
         read_list(call, wanted, error) &&
         verb_integer(call, "priority", 0, G_MAXINT32, &options->priority, error);
}

typedef json_t *(*Change)(const MailScope *, const char *, const MailGroupOptions *, gboolean, GError **);

static int change(App *app, const VerbCall *call, Change how, GError **error) {
  g_auto(Wanted) wanted = {.options = MAIL_GROUP_OPTIONS_INIT};
  if (!read_template(call, &wanted, error))
    return APP_USAGE;
  MailScope scope;
  AdminScope admin;
  if (!doors_scope(app, call, &scope, &admin, error))
    return APP_FAILED;
  gboolean plan = verb_given(call, "plan");
  json_t *group = how(&scope, verb_argument(call, 0), &wanted.options, plan, error);
  if (group == NULL)
    return APP_FAILED;
  show(app_output(app), group);
  g_autofree char *org = admin_org_option(&admin);
  output_say(app_output(app), plan ? "Nothing was changed.%s" : "Next: gatepost sync plan%s",
             plan ? "" : org);
  return APP_OK;
}

int verb_mail_group_add(App *app, const VerbCall *call, GError **error) {
  return change(app, call, mail_admin_group_add, error);
}

int verb_mail_group_template(App *app, const VerbCall *call, GError **error) {
  return change(app, call, mail_admin_group_set, error);
}

int verb_mail_group_list(App *app, const VerbCall *call, GError **error) {
  MailScope scope;
  if (!doors_scope(app, call, &scope, NULL, error))
    return APP_FAILED;
  json_t *groups = mail_admin_groups(&scope, error);
  if (groups == NULL)
    return APP_FAILED;
  gsize i;
  json_t *group;
  json_array_foreach(groups, i, group) if (!output_is_json(app_output(app))) quota_show(group);
  doors_table(app_output(app), columns, groups, "mail_groups");
  return APP_OK;
}

int verb_mail_group_remove(App *app, const VerbCall *call, GError **error) {
  MailScope scope;
  if (!doors_scope(app, call, &scope, NULL, error))
    return APP_FAILED;
  json_t *group = mail_admin_group_remove(&scope, verb_argument(call, 0), TRUE, error);
  if (group == NULL)
    return APP_FAILED;
  g_autofree char *question = g_strdup_printf(
      "%d mailboxes follow this group; they would be disabled, above the limit held. Remove it?",
      (int)json_integer_value(json_object_get(group, "mailboxes")));
  gboolean go = !verb_given(call, "plan");
  if (go && !output_confirm(app_output(app), question, verb_given(call, "yes"), error)) {
    json_decref(group);
    return APP_FAILED;
  }
  if (go) {
    json_decref(group);
    group = mail_admin_group_remove(&scope, verb_argument(call, 0), FALSE, error);
  }
  if (group == NULL)
    return APP_FAILED;
  show(app_output(app), group);
  output_say(app_output(app), go ? "Its members' mailboxes follow within a minute, above the limit when you "
                                   "say so: gatepost sync held"
                                 : "Nothing was changed.");
  return APP_OK;
}
