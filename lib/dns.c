#include "lib/dns.h"

#include <gio/gio.h>

#include "lib/text.h"
#include "lib/thread.h"

#define TIMEOUT_MS 5000
#define RECORDS_MAX 100
#define TEXT_MAX_BYTES 1024 /* ours is shorter; a name may carry others' */

G_DEFINE_QUARK(dns - error - quark, dns_error)

static void cancel(gpointer cancellable) {
  g_cancellable_cancel(cancellable);
}

/* RFC 7208 §3.3: the strings of one record are one text. */
static char *join_strings(GVariant *record) {
  g_autoptr(GVariant) array = g_variant_get_child_value(record, 0);
  g_autofree const char **strings = g_variant_get_strv(array, NULL);
  g_autofree char *joined = g_strjoinv("", (char **)strings);
  return text_clean(joined, TEXT_MAX_BYTES);
}

static GPtrArray *read_records(GList *records) {
  GPtrArray *texts = g_ptr_array_new_with_free_func(g_free);
  for (; records != NULL && texts->len < RECORDS_MAX; records = records->next)
    g_ptr_array_add(texts, join_strings(records->data));
  return texts;
}

static void set_error(GError **error, const char *name, const GError *cause) {
  g_autofree char *quoted = text_quote(name);
  if (g_error_matches(cause, G_RESOLVER_ERROR, G_RESOLVER_ERROR_NOT_FOUND))
    g_set_error(error, DNS_ERROR, DNS_ERROR_NONE, "\"%s\" has no TXT record", quoted);
  else
    g_set_error(error, DNS_ERROR, DNS_ERROR_UNAVAILABLE, "the resolver did not answer for \"%s\" within %d s",
                quoted, TIMEOUT_MS / 1000);
}

GPtrArray *dns_txt(const char *name, GError **error) {
  g_autoptr(GResolver) resolver = g_resolver_get_default();
  g_autoptr(GCancellable) cancellable = g_cancellable_new();
  ThreadTimer *timer = thread_timer_new("dns", TIMEOUT_MS, cancel, cancellable);
  g_autoptr(GError) cause = NULL;
  GList *records = g_resolver_lookup_records(resolver, name, G_RESOLVER_RECORD_TXT, cancellable, &cause);
  thread_timer_free(timer);
  if (records == NULL) {
    set_error(error, name, cause);
    return NULL;
  }
  GPtrArray *texts = read_records(records);
  g_list_free_full(records, (GDestroyNotify)g_variant_unref);
  return texts;
}
