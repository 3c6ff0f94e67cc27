/* The one DNS question this program asks by itself: TXT records, to prove a domain. Blocking, five seconds at most;
 * commands only. */
#pragma once

#include <glib.h>

typedef enum {
  DNS_ERROR_NONE,        /* the name does not exist or has no TXT record */
  DNS_ERROR_UNAVAILABLE, /* nobody answered: may pass */
} DnsErrorCode;
#define DNS_ERROR (dns_error_quark())
GQuark dns_error_quark(void);

/* The TXT records of a name, the strings of each joined and cleaned; an array of char*, free with g_ptr_array_unref. */
GPtrArray *dns_txt(const char *name, GError **error);
