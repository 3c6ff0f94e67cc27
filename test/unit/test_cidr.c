#include "lib/cidr.h"

typedef struct {
  const char *text, *formatted; /* NULL: refused */
} AddressCase;

static const AddressCase address_cases[] = {
    {"192.0.2.7", "192.0.2.7"},
    {"0.0.0.0", "0.0.0.0"},
    {"255.255.255.255", "255.255.255.255"},
    {"2001:DB8::1", "2001:db8::1"},
    {"::1", "::1"},
    {"::", "::"},
    {"::ffff:192.0.2.7", "192.0.2.7"},
    {"::FFFF:c000:207", "192.0.2.7"},
    {"", NULL},
    {"192.0.2", NULL},
    {"192.0.2.256", NULL},
    {"192.0.2.07", NULL},
    {"192.0.2.7 ", NULL},
    {" 192.0.2.7", NULL},
    {"192.0.2.7:80", NULL},
    {"[::1]", NULL},
    {"fe80::1%eth0", NULL},
    {"0x7f000001", NULL},
    {"2130706433", NULL},
    {"2001:db8::1::2", NULL},
    {"unknown", NULL},
};

static void test_address(gconstpointer data) {
  const AddressCase *c = data;
  IpAddress address;
  char text[CIDR_TEXT_BYTES];
  g_assert_cmpint(cidr_address_parse(c->text, &address), ==, c->formatted != NULL);
  if (c->formatted != NULL)
    g_assert_cmpstr(cidr_address_format(&address, text), ==, c->formatted);
}

typedef struct {
  const char *text, *formatted; /* NULL: refused */
  const char *inside, *outside; /* NULL: none; when refused, inside says why */
} NetworkCase;

static const NetworkCase network_cases[] = {
    {"192.0.2.0/24", "192.0.2.0/24", "192.0.2.255", "192.0.3.0"},
    {"192.0.2.128/25", "192.0.2.128/25", "192.0.2.128", "192.0.2.127"},
    {"192.0.2.7", "192.0.2.7", "192.0.2.7", "192.0.2.6"},
    {"192.0.2.7/32", "192.0.2.7", "::ffff:192.0.2.7", "::192.0.2.7"},
    {"0.0.0.0/0", "0.0.0.0/0", "255.1.2.3", "2001:db8::1"},
    {"10.0.0.0/9", "10.0.0.0/9", "10.127.255.255", "10.128.0.0"},
    {"2001:db8::/32", "2001:db8::/32", "2001:db8:ffff::1", "2001:db9::"},
    {"2001:db8::/33", "2001:db8::/33", "2001:db8:7fff::1", "2001:db8:8000::"},
    {"2001:db8::1", "2001:db8::1", "2001:db8::1", "2001:db8::2"},
    {"::ffff:192.0.2.0/120", "192.0.2.0/24", "192.0.2.1", "192.0.3.1"},
    {"::/0", "::/0", "2001:db8::1", NULL},
    {"", NULL, "is not an IP address", NULL},
    {"/24", NULL, "is not an IP address", NULL},
    {"192.0.2.0/", NULL, "has no prefix length of 0 to 32", NULL},
    {"192.0.2.0/33", NULL, "has no prefix length of 0 to 32", NULL},
    {"192.0.2.0/-1", NULL, "has no prefix length of 0 to 32", NULL},
    {"192.0.2.0/+8", NULL, "has no prefix length of 0 to 32", NULL},
    {"192.0.2.0/024", NULL, "has no prefix length of 0 to 32", NULL},
    {"192.0.2.0/24/24", NULL, "has no prefix length of 0 to 32", NULL},
    {"192.0.2.0/255.255.255.0", NULL, "has no prefix length of 0 to 32", NULL},
    {"192.0.2.0/4294967320", NULL, "has no prefix length of 0 to 32", NULL},
    {"2001:db8::/129", NULL, "has no prefix length of 0 to 128", NULL},
    {"192.0.2.1/24", NULL, "has host bits set behind its prefix length", NULL},
    {"2001:db8::1/64", NULL, "has host bits set behind its prefix length", NULL},
    {"::ffff:192.0.2.0/95", NULL, "has host bits set behind its prefix length", NULL},
};

static gboolean contains(const Cidr *cidr, const char *text) {
  IpAddress address;
  g_assert_true(cidr_address_parse(text, &address));
  return cidr_contains(cidr, &address);
}

static void test_network(gconstpointer data) {
  const NetworkCase *c = data;
  Cidr cidr;
  const char *why = NULL;
  char text[CIDR_TEXT_BYTES];
  g_assert_cmpint(cidr_parse(c->text, &cidr, &why), ==, c->formatted != NULL);
  if (c->formatted == NULL) {
    g_assert_cmpstr(why, ==, c->inside);
    return;
  }
  g_assert_cmpstr(cidr_format(&cidr, text), ==, c->formatted);
  g_assert_true(contains(&cidr, c->inside));
  if (c->outside != NULL)
    g_assert_false(contains(&cidr, c->outside));
}

static void test_any(void) {
  Cidr cidrs[2];
  const char *why;
  IpAddress first, second, neither;
  g_assert_true(cidr_parse("10.0.0.0/8", &cidrs[0], &why));
  g_assert_true(cidr_parse("2001:db8::/32", &cidrs[1], &why));
  g_assert_true(cidr_address_parse("10.1.2.3", &first));
  g_assert_true(cidr_address_parse("2001:db8::3", &second));
  g_assert_true(cidr_address_parse("11.1.2.3", &neither));
  g_assert_true(cidr_any_contains(cidrs, 2, &first));
  g_assert_true(cidr_any_contains(cidrs, 2, &second));
  g_assert_false(cidr_any_contains(cidrs, 1, &second));
  g_assert_false(cidr_any_contains(cidrs, 2, &neither));
  g_assert_false(cidr_any_contains(NULL, 0, &first));
}

static void test_public(void) {
  static const char *const inside[] = {"8.8.8.8",         "100.63.255.255", "172.32.0.1", "192.0.1.1",
                                       "223.255.255.255", "2606:4700::1",   "2a00::1"};
  static const char *const outside[] = {
      "0.0.0.0",          "10.1.2.3",        "100.64.0.1", "127.0.0.1",    "169.254.169.254",
      "172.16.0.1",       "172.31.255.255",  "192.0.0.1",  "192.0.2.1",    "192.88.99.1",
      "192.168.0.1",      "198.18.0.1",      "198.19.1.1", "198.51.100.7", "203.0.113.9",
      "224.0.0.1",        "255.255.255.255", "::",         "::1",          "::ffff:10.0.0.1",
      "::ffff:127.0.0.1", "64:ff9b::a00:1",  "fc00::1",    "fd12::1",      "fe80::1",
      "fec0::1",          "ff02::1",         "2001::1",    "2001:db8::1",  "2002:a00:1::",
      "3fff::1",          "100::1"};
  IpAddress address;
  for (gsize i = 0; i < G_N_ELEMENTS(inside); i++)
    g_assert_true(cidr_address_parse(inside[i], &address) && cidr_address_public(&address));
  for (gsize i = 0; i < G_N_ELEMENTS(outside); i++)
    g_assert_true(cidr_address_parse(outside[i], &address) && !cidr_address_public(&address));
}

static void test_client(void) {
  static const char *const whole[] = {"192.0.2.7", "::ffff:192.0.2.7"};
  static const char *const halves[] = {"2001:db8::1", "2001:db8::1:2:3:4", "::1", "::fffe:192.0.2.7"};
  IpAddress address;
  for (gsize i = 0; i < G_N_ELEMENTS(whole); i++) {
    g_assert_true(cidr_address_parse(whole[i], &address));
    g_assert_cmpuint(cidr_address_client_bytes(&address), ==, sizeof address.bytes);
  }
  for (gsize i = 0; i < G_N_ELEMENTS(halves); i++) {
    g_assert_true(cidr_address_parse(halves[i], &address));
    g_assert_cmpuint(cidr_address_client_bytes(&address), ==, 8);
  }
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS(address_cases); i++) {
    g_autofree char *path = g_strdup_printf("/cidr/address/%02" G_GSIZE_FORMAT, i);
    g_test_add_data_func(path, &address_cases[i], test_address);
  }
  for (gsize i = 0; i < G_N_ELEMENTS(network_cases); i++) {
    g_autofree char *path = g_strdup_printf("/cidr/network/%02" G_GSIZE_FORMAT, i);
    g_test_add_data_func(path, &network_cases[i], test_network);
  }
  g_test_add_func("/cidr/any", test_any);
  g_test_add_func("/cidr/public", test_public);
  g_test_add_func("/cidr/client", test_client);
  return g_test_run();
}
