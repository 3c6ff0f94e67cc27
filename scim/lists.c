#include "scim/lists.h"

#include <string.h>

#include "scim/write.h"

gboolean scim_lists_read(ScimService *service, ScimCall *call, const ScimType *type,
                         const ScimListQuery *query, ScimAnswer *answer, GError **error) {
  ScimReader reader = scim_write_reader(service, call);
  g_auto(ScimPage) page = {0};
  if (!scim_store_list(&reader, type, query, &page, error))
    return FALSE;
  g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
  for (int i = 0; i < page.n; i++) {
    ScimStored stored = scim_store_row(type, page.result, i);
    GString *text = g_string_sized_new(strlen(stored.doc) + 512);
    scim_render_resource(text, &stored, service->base, query->projection);
    g_ptr_array_add(texts, g_string_free(text, FALSE));
  }
  answer->status = 200;
  answer->body =
      scim_render_list((const char *const *)texts->pdata, texts->len, page.total, query->start_index);
  return TRUE;
}
