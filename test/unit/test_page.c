#include "lib/page.h"

#include "lib/jsontext.h"

typedef struct {
  const char *template, *values, *page; /* page NULL: refused */
} Case;

#define HOSTILE "{\"x\":\"<b>\\\"&'\"}"

static const Case cases[] = {
    /* a value where it stands */
    {"<p>{{x}}</p>", HOSTILE, "<p>&lt;b&gt;&quot;&amp;&apos;</p>"},
    {"<p title=\"{{x}}\">", HOSTILE, "<p title=\"&lt;b&gt;&quot;&amp;&apos;\">"},
    {"<p title=\"a {{x}} b\">{{x}}", "{\"x\":\"1\"}", "<p title=\"a 1 b\">1"},
    {"{{x}}", "{\"x\":42}", "42"},
    {"<a href=\"{{x}}\">", "{\"x\":\"/portal?a=1&b=2\"}", "<a href=\"/portal?a=1&amp;b=2\">"},
    {"<a href=\"{{x}}\">", "{\"x\":\"https://idp.example/x\"}", "<a href=\"https://idp.example/x\">"},
    {"<a href=\"{{x}}\">", "{\"x\":\"javascript:alert(1)\"}", "<a href=\"#\">"},
    {"<a href=\"{{x}}\">", "{\"x\":\"//evil.example\"}", "<a href=\"#\">"},
    {"<a href=\"{{x}}\">", "{\"x\":\"/\\\\evil.example\"}", "<a href=\"#\">"},
    {"<a href=\"{{x}}\">", "{\"x\":\" https://evil.example\"}", "<a href=\"#\">"},
    {"<a href=\"{{x}}\">", "{\"x\":\"http://127.0.0.1/x\"}", "<a href=\"http://127.0.0.1/x\">"},
    {"<a HREF=\"{{x}}\">", "{\"x\":\"data:text/html,x\"}", "<a HREF=\"#\">"},
    {"<form action=\"/portal/sessions/{{x}}/end\">", "{\"x\":\"a/../b?c\"}",
     "<form action=\"/portal/sessions/a%2F..%2Fb%3Fc/end\">"},
    {"<meta http-equiv=\"refresh\" content=\"0;url={{x}}\">", "{\"x\":\"javascript:alert(1)\"}",
     "<meta http-equiv=\"refresh\" content=\"0;url=#\">"},
    {"<!-- a > b --><p>{{x}}", "{\"x\":\"1\"}", "<!-- a > b --><p>1"},
    {"<br/><p class=\"a\" id=b>{{x}}", "{\"x\":\"1\"}", "<br/><p class=\"a\" id=b>1"},
    /* sections */
    {"{{#x}}yes{{/x}}{{^x}}no{{/x}}", "{\"x\":true}", "yes"},
    {"{{#x}}yes{{/x}}{{^x}}no{{/x}}", "{\"x\":false}", "no"},
    {"{{#x}}yes{{/x}}{{^x}}no{{/x}}", "{\"x\":\"\"}", "no"},
    {"{{#x}}yes{{/x}}{{^x}}no{{/x}}", "{\"x\":null}", "no"},
    {"{{#x}}yes{{/x}}{{^x}}no{{/x}}", "{\"x\":[]}", "no"},
    {"{{#x}}<li>{{y}}{{z}}{{/x}}", "{\"z\":\"-\",\"x\":[{\"y\":\"1\"},{\"y\":\"2\",\"z\":\"+\"}]}",
     "<li>1-<li>2+"},
    {"<option{{#x}} selected{{/x}}>", "{\"x\":true}", "<option selected>"},
    /* names without a value */
    {"{{x}}", "{}", NULL},
    {"{{#x}}a{{/x}}", "{}", NULL},
    {"{{^x}}a{{/x}}", "{}", NULL},
    {"{{x}}", "{\"x\":null}", NULL},
    {"{{x}}", "{\"x\":[]}", NULL},
    {"{{#x}}{{y}}{{/x}}", "{\"x\":[{}]}", NULL},
    /* places where no value can stand */
    {"<p title={{x}}>", HOSTILE, NULL},
    {"<p title='{{x}}'>", HOSTILE, NULL},
    {"<p {{x}}>", HOSTILE, NULL},
    {"<{{x}}>", HOSTILE, NULL},
    {"<script>{{x}}</script>", HOSTILE, NULL},
    {"<style>{{x}}</style>", HOSTILE, NULL},
    {"<!-- {{x}} -->", HOSTILE, NULL},
    {"<p onclick=\"{{x}}\">", HOSTILE, NULL},
    {"<p style=\"{{x}}\">", HOSTILE, NULL},
    /* broken templates */
    {"{{x", HOSTILE, NULL},
    {"{{ x }}", HOSTILE, NULL},
    {"{{#x}}a", HOSTILE, NULL},
    {"{{/x}}", HOSTILE, NULL},
    {"{{#x}}{{#y}}{{/x}}{{/y}}", HOSTILE, NULL},
    {"{{#x}}<p title=\"{{/x}}\">", HOSTILE, NULL},
    {"<p", HOSTILE, NULL},
    {"{{>other}}", HOSTILE, NULL},
    {"<p title=\"{{>other}}\">", HOSTILE, NULL},
};

static void test_pages(void) {
  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) values = json_loads(cases[i].values, 0, NULL);
    g_test_message("%s %s", cases[i].template, cases[i].values);
    g_assert_nonnull(values);
    g_autofree char *page = page_render_text(cases[i].template, values, &error);
    g_assert_cmpstr(page, ==, cases[i].page);
    g_assert_cmpint(error != NULL, ==, cases[i].page == NULL);
  }
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/page/pages", test_pages);
  return g_test_run();
}
