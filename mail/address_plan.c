#include "mail/address_plan.h"

#include <stdlib.h>
#include <string.h>

#include "lib/address.h"

static char *in_our_domains(const char *text, const char *const *domains, const char **why) {
  g_autofree char *address = address_parse(text, why);
  if (address == NULL)
    return NULL;
  if (g_strv_contains(domains, address_domain_of(address)))
    return g_steal_pointer(&address);
  *why = "is not in a verified domain of this organisation";
  return NULL;
}

static char *by_local_part(const MailTemplate *item, const MailMember *person, const char *const *domains,
                           const char **why) {
  gsize n = strcspn(person->user_name, "@");
  g_autofree char *text = g_strdup_printf("%.*s@%s", (int)n, person->user_name, item->domain);
  return in_our_domains(text, domains, why);
}

char *mail_address_wanted(const MailTemplate *item, const MailMember *person, const char *const *domains,
                          const char **why) {
  switch (item->rule) {
  case MAIL_RULE_PRIMARY_EMAIL:
    if (person->primary_email != NULL)
      return in_our_domains(person->primary_email, domains, why);
    *why = "has no e-mail in the directory";
    return NULL;
  case MAIL_RULE_LOCAL_PART:
    return by_local_part(item, person, domains, why);
  case MAIL_RULE_USER_NAME:
    break;
  }
  return in_our_domains(person->user_name, domains, why);
}

static int compare(const void *a, const void *b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

char **mail_address_aliases(const MailMember *person, const char *primary, const char *const *domains) {
  g_autoptr(GPtrArray) aliases = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; person->emails != NULL && person->emails[i] != NULL; i++) {
    const char *why = NULL;
    if (primary != NULL && g_ascii_strcasecmp(person->emails[i], primary) == 0)
      continue;
    g_autofree char *address = in_our_domains(person->emails[i], domains, &why);
    if (address == NULL || g_strcmp0(address, primary) == 0 ||
        g_ptr_array_find_with_equal_func(aliases, address, g_str_equal, NULL))
      continue;
    g_ptr_array_add(aliases, g_steal_pointer(&address));
  }
  if (aliases->len > 1)
    qsort(aliases->pdata, aliases->len, sizeof(char *), compare);
  g_ptr_array_add(aliases, NULL);
  return (char **)g_ptr_array_free(g_steal_pointer(&aliases), FALSE);
}
