/* What pages are made of: the embedded templates, style and script. */
#pragma once

#include "lib/http_server.h"
#include "lib/page.h"

/* NULL with an error: a template is broken. Free with page_set_free. */
PageSet *portal_pages(GError **error);
/* GET /assets/{file} */
HttpReply *portal_asset(HttpRequest *request, gpointer app);
