/* The one DNS question this program asks by itself: TXT records, to prove a domain. Blocking; commands only. */
#pragma once

#include <glib.h>

typedef enum {
  DNS_ERROR_NONE,   /* the name does not exist, or has no TXT record */
  DNS_ERROR_SILENT, /* the name server did not answer, or not usably */
} DnsErrorCode;
#define DNS_ERROR (dns_error_quark())
GQuark dns_error_quark(void);

/* The TXT records of a name, strings joined; a free'd-with-g_ptr_array_unref array of char*. NULL with an error that
 * says whether the name has none or the resolver did not answer. */
GPtrArray *dns_txt(const char *name, GError **error);
