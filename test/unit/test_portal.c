#include "portal/assets.h"

#include <string.h>

#include "lib/jsontext.h"

typedef struct {
  const char *page, *values, *says;
} Case;

/* Every page with every branch of it: a name that a page asks for and nobody gives is found here. */
static const Case cases[] = {
    {"error",
     "{\"title\":\"T\",\"next\":\"N\",\"trace\":\"brave-otter-42\",\"help\":\"<4711>\",\"again\":\"/saml/a/"
     "start\","
     "\"code\":\"GP-4158\"}",
     "&lt;4711&gt;"},
    {"error", "{\"title\":\"T\",\"next\":\"N\",\"trace\":\"\",\"help\":\"\",\"again\":\"\",\"code\":\"\"}",
     "<p>N</p>"},
    {"home",
     "{\"name\":\"<Ada>\",\"address\":\"ada@example.org\",\"csrf\":\"abc\",\"sessions\":[{\"id\":\"1\","
     "\"agent\":\"A\","
     "\"ip\":\"192.0.2.1\",\"last_seen\":\"now\",\"expires\":\"soon\",\"here\":true},{\"id\":\"2\",\"agent\":"
     "\"B\","
     "\"ip\":\"192.0.2.1\",\"last_seen\":\"now\",\"expires\":\"soon\",\"here\":false}]}",
     "/portal/sessions/2/end"},
    {"nothing", "{}", "There is nothing"},
    {"onward", "{\"go\":\"https://idp.example/slo?x=1&y=2\"}", "url=https://idp.example/slo?x=1&amp;y=2"},
    {"post",
     "{\"url\":\"https://idp.example/"
     "sso\",\"field\":\"SAMLRequest\",\"message\":\"PHg+\",\"relay_state\":\"_1\"}",
     "name=\"RelayState\" value=\"_1\""},
    {"refused", "{\"why\":\"W\",\"code\":\"GP-2305\"}", "GP-2305"},
    {"sign_in",
     "{\"problem\":\"P\",\"typed\":\"\\\"x\",\"target\":\"/portal\",\"ask\":true,\"choices\":[{\"go\":\"/"
     "saml/a/start\","
     "\"name\":\"A\"}]}",
     "value=\"&quot;x\""},
    {"sign_in", "{\"problem\":\"\",\"typed\":\"\",\"target\":\"/portal\",\"ask\":false,\"choices\":[]}",
     "Sign in"},
    {"signed_out", "{\"everywhere\":false,\"provider\":\"Okta\"}", "Okta"},
    {"signed_out", "{\"everywhere\":true,\"provider\":\"Okta\"}", "You are signed out"},
    {"trial",
     "{\"good\":true,\"user\":\"ada\",\"name_id\":\"ada\",\"why\":\"\",\"saw\":\"\",\"wanted\":\"\","
     "\"trace\":\"\","
     "\"checks\":[{\"text\":\"C\",\"passed\":true,\"failed\":false}],\"attributes\":[]}",
     "class=\"good\""},
    {"trial",
     "{\"good\":false,\"user\":\"\",\"name_id\":\"ada\",\"why\":\"W\",\"saw\":\"S\",\"wanted\":\"X\","
     "\"trace\":\"brave-otter-42\",\"checks\":[{\"text\":\"C\",\"passed\":false,\"failed\":true}],"
     "\"attributes\":[{\"name\":\"mail\",\"values\":\"<ada>\"}]}",
     "&lt;ada&gt;"},
};

static void test_pages(void) {
  g_autoptr(GError) error = NULL;
  g_autoptr(PageSet) pages = portal_pages(&error);
  g_assert_no_error(error);
  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_test_message("%s %s", cases[i].page, cases[i].values);
    g_autoptr(json_t) values = json_loads(cases[i].values, 0, NULL);
    g_assert_nonnull(values);
    g_autofree char *html = page_render(pages, cases[i].page, values, &error);
    g_assert_no_error(error);
    g_assert_nonnull(strstr(html, cases[i].says));
    g_assert_true(g_str_has_prefix(html, "<!doctype html>"));
    g_assert_nonnull(strstr(html, "</html>"));
    g_assert_null(strstr(html, "{{"));
  }
}

static void test_missing(void) {
  g_autoptr(GError) error = NULL;
  g_autoptr(PageSet) pages = portal_pages(&error);
  g_autoptr(json_t) values = json_object();
  g_assert_null(page_render(pages, "error", values, &error));
  g_assert_error(error, PAGE_ERROR, PAGE_ERROR_VALUE);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/portal/pages", test_pages);
  g_test_add_func("/portal/missing", test_missing);
  return g_test_run();
}
