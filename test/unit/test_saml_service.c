#include "saml/service.h"

#include "lib/limits.h"

static SamlService *new_service(void) {
  SamlService *service = g_new0(SamlService, 1);
  saml_service_init(service);
  return service;
}

static void free_service(SamlService *service) {
  saml_service_clear(service);
  g_free(service);
}

static void test_one_connection(void) {
  SamlService *service = new_service();
  for (guint i = 0; i < LIMIT_SAML_AT_ONCE; i++)
    g_assert_true(saml_service_enter(service, "one"));
  g_assert_false(saml_service_enter(service, "one"));
  g_assert_true(saml_service_enter(service, "two"));
  saml_service_leave(service, "one");
  g_assert_true(saml_service_enter(service, "one"));
  free_service(service);
}

static void test_all_connections(void) {
  SamlService *service = new_service();
  for (guint i = 0; i < LIMIT_SAML_WORKERS; i++) {
    g_autofree char *slug = g_strdup_printf("c-%u", i);
    g_assert_true(saml_service_enter(service, slug));
  }
  g_assert_false(saml_service_enter(service, "another"));
  saml_service_leave(service, "c-3");
  g_assert_true(saml_service_enter(service, "another"));
  free_service(service);
}

typedef struct {
  SamlService *service;
  gint refused; /* atomic */
} Crowd;

static gpointer come(gpointer data) {
  Crowd *crowd = data;
  if (!saml_service_enter(crowd->service, "one"))
    g_atomic_int_inc(&crowd->refused);
  return NULL;
}

/* However many come, none stays: each holds a worker meanwhile. */
static void test_crowd(void) {
  Crowd crowd = {.service = new_service()};
  GThread *threads[LIMIT_WORKERS];
  for (guint i = 0; i < LIMIT_SAML_AT_ONCE; i++)
    g_assert_true(saml_service_enter(crowd.service, "one"));
  for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
    threads[i] = g_thread_new("crowd", come, &crowd);
  for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
    g_thread_join(threads[i]);
  g_assert_cmpint(g_atomic_int_get(&crowd.refused), ==, G_N_ELEMENTS(threads));
  g_assert_cmpuint(crowd.service->entering, ==, 0);
  free_service(crowd.service);
}

static gint64 take(SamlService *service, SamlRateKind kind, const char *ip) {
  IpAddress client;
  int retry_s = 0;
  g_assert_true(cidr_address_parse(ip, &client));
  return saml_service_rate(service, kind, &client, "one", &retry_s);
}

/* As many of the network's addresses as it likes are one client; the neighbour is another. */
static void test_network(void) {
  SamlService *service = new_service();
  gboolean refused = FALSE;
  for (guint i = 1; i < 2 * LIMIT_SAML_BURST_ADDRESS && !refused; i++) {
    g_autofree char *ip = g_strdup_printf("2001:db8:0:1::%x", i);
    refused = take(service, SAML_RATE_PAGE, ip) < 0;
  }
  g_assert_true(refused);
  g_assert_cmpint(take(service, SAML_RATE_PAGE, "2001:db8:0:2::1"), ==, 0);
  free_service(service);
}

static void test_messages(void) {
  SamlService *service = new_service();
  gboolean refused = FALSE;
  for (guint i = 1; i < 4 * LIMIT_SAML_BURST_CONNECTION && !refused; i++) {
    g_autofree char *ip = g_strdup_printf("10.0.%u.%u", i / 250, i % 250);
    refused = take(service, SAML_RATE_PAGE, ip) < 0;
  }
  g_assert_true(refused);
  g_assert_cmpint(take(service, SAML_RATE_MESSAGE, "10.1.0.1"), ==, 0);
  free_service(service);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/saml-service/one-connection", test_one_connection);
  g_test_add_func("/saml-service/all-connections", test_all_connections);
  g_test_add_func("/saml-service/crowd", test_crowd);
  g_test_add_func("/saml-service/network", test_network);
  g_test_add_func("/saml-service/messages", test_messages);
  return g_test_run();
}
