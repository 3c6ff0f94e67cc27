#include "portal/assets.h"

#include <string.h>

GResource *portal_get_resource(void);

typedef struct {
  const char *suffix, *type;
} Kind;

static const Kind kinds[] = {{".css", "text/css; charset=utf-8"}, {".js", "text/javascript; charset=utf-8"}};

PageSet *portal_pages(GError **error) {
  return page_set_new(portal_get_resource(), "/gatepost/portal/pages", error);
}

static const char *type_of(const char *file) {
  for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++)
    if (g_str_has_suffix(file, kinds[i].suffix))
      return kinds[i].type;
  return NULL;
}

HttpReply *portal_asset(HttpRequest *request, gpointer app) {
  (void)app;
  const char *file = http_request_segment(request, "file"), *type = type_of(file);
  g_autofree char *path = g_strdup_printf("/gatepost/portal/assets/%s", file);
  g_autoptr(GBytes) bytes =
      type == NULL ? NULL
                   : g_resource_lookup_data(portal_get_resource(), path, G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);
  if (bytes == NULL)
    return http_reply_new(404, "text/plain", g_strdup("there is no such file\n"), -1);
  gsize n;
  const void *data = g_bytes_get_data(bytes, &n);
  return http_reply_new(200, type, g_memdup2(data, n), (gssize)n);
}
