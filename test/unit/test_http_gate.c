#include "lib/http_gate.h"

#include <string.h>

#include "lib/limits.h"

#define HOST "Host: a"

/* A head as it came: lines without their CRLF. hidden: bytes the library swallowed from the last line. */
typedef struct {
  const char *method, *target, *version;
  const char *lines[6];
  gsize hidden;
  HttpGateCode code;
} Case;

static const Case cases[] = {
    {"GET", "/", "HTTP/1.1", {HOST}, 0, HTTP_GATE_PASS},
    {"GET", "/", "HTTP/1.0", {NULL}, 0, HTTP_GATE_PASS},
    {"GET", "/a//b/?x=%20y&z", "HTTP/1.1", {"Host:a.example:8025"}, 0, HTTP_GATE_PASS},
    {"GET", "/?filter=userName+eq+\"a\"", "HTTP/1.1", {HOST, "X-A:  \tb"}, 0, HTTP_GATE_PASS},
    {"GET", "/", "HTTP/0.9", {HOST}, 0, HTTP_GATE_VERSION},
    {"GET", "/", "HTTP/9.9", {HOST}, 0, HTTP_GATE_VERSION},
    {"GET", "/", "HTTP/2.0", {HOST}, 0, HTTP_GATE_VERSION},
    {"get", "/", "HTTP/1.1", {HOST}, 0, HTTP_GATE_METHOD},
    {"TRACE", "/", "HTTP/1.1", {HOST}, 0, HTTP_GATE_METHOD},
    {"CONNECT", "a:443", "HTTP/1.1", {HOST}, 0, HTTP_GATE_METHOD},
    {"OPTIONS", "*", "HTTP/1.1", {HOST}, 0, HTTP_GATE_TARGET},
    {"GET", "http://a/", "HTTP/1.1", {HOST}, 0, HTTP_GATE_TARGET},
    {"GET", "/#a", "HTTP/1.1", {HOST}, 0, HTTP_GATE_TARGET},
    {"GET", "/?a=%00", "HTTP/1.1", {HOST}, 0, HTTP_GATE_TARGET},
    {"GET", "/?a=%zz", "HTTP/1.1", {HOST}, 0, HTTP_GATE_TARGET},
    {"GET", "/?a=%ff", "HTTP/1.1", {HOST}, 0, HTTP_GATE_TARGET},
    {"GET", "/", "HTTP/1.1", {NULL}, 0, HTTP_GATE_HOST},
    {"GET", "/", "HTTP/1.1", {HOST, HOST}, 0, HTTP_GATE_HOST},
    {"GET", "/", "HTTP/1.1", {"Host: a/b"}, 0, HTTP_GATE_HOST},
    {"GET", "/", "HTTP/1.1", {"Host: a@b"}, 0, HTTP_GATE_HOST},
    {"GET", "/", "HTTP/1.1", {"Host: "}, 0, HTTP_GATE_HOST},
    {"POST", "/", "HTTP/1.1", {HOST, "Content-Length: 0"}, 0, HTTP_GATE_PASS},
    {"POST", "/", "HTTP/1.1", {HOST, "Content-Length: 5", "Content-Length: 5"}, 0, HTTP_GATE_LENGTH},
    {"POST", "/", "HTTP/1.1", {HOST, "Content-Length: 5", "content-length: 6"}, 0, HTTP_GATE_LENGTH},
    {"POST", "/", "HTTP/1.1", {HOST, "Content-Length: +5"}, 0, HTTP_GATE_LENGTH},
    {"POST", "/", "HTTP/1.1", {HOST, "Content-Length: -1"}, 0, HTTP_GATE_LENGTH},
    {"POST", "/", "HTTP/1.1", {HOST, "Content-Length: 5,5"}, 0, HTTP_GATE_LENGTH},
    {"POST", "/", "HTTP/1.1", {HOST, "Content-Length: 0x5"}, 0, HTTP_GATE_LENGTH},
    {"POST", "/", "HTTP/1.1", {HOST, "Content-Length: 05"}, 0, HTTP_GATE_LENGTH},
    {"POST", "/", "HTTP/1.1", {HOST, "Content-Length: 18446744073709551616"}, 0, HTTP_GATE_LENGTH},
    {"POST", "/", "HTTP/1.1", {HOST, "Content-Length: "}, 0, HTTP_GATE_LENGTH},
    {"POST", "/", "HTTP/1.1", {HOST, "Transfer-Encoding: Chunked"}, 0, HTTP_GATE_PASS},
    {"POST",
     "/",
     "HTTP/1.1",
     {HOST, "Transfer-Encoding: chunked", "Content-Length: 5"},
     0,
     HTTP_GATE_LENGTH_AND_CODING},
    {"POST",
     "/",
     "HTTP/1.1",
     {HOST, "Content-Length: 5", "Transfer-Encoding: xchunked"},
     0,
     HTTP_GATE_LENGTH_AND_CODING},
    {"POST", "/", "HTTP/1.1", {HOST, "Transfer-Encoding: gzip, chunked"}, 0, HTTP_GATE_CODING},
    {"POST", "/", "HTTP/1.1", {HOST, "Transfer-Encoding: xchunked"}, 0, HTTP_GATE_CODING},
    {"POST", "/", "HTTP/1.1", {HOST, "Transfer-Encoding: chunked, chunked"}, 0, HTTP_GATE_CODING},
    {"POST",
     "/",
     "HTTP/1.1",
     {HOST, "Transfer-Encoding: chunked", "Transfer-Encoding: chunked"},
     0,
     HTTP_GATE_CODING},
    {"POST", "/", "HTTP/1.0", {HOST, "Transfer-Encoding: chunked"}, 0, HTTP_GATE_CODING},
    {"POST", "/", "HTTP/1.1", {HOST, "Content-Encoding: gzip"}, 0, HTTP_GATE_CONTENT_CODING},
    {"POST", "/", "HTTP/1.1", {HOST, "Content-Encoding: identity"}, 0, HTTP_GATE_PASS},
    {"GET", "/", "HTTP/1.1", {HOST, "Authorization: Bearer x"}, 0, HTTP_GATE_PASS},
    {"GET", "/", "HTTP/1.1", {HOST, "Authorization: "}, 0, HTTP_GATE_PASS},
    {"GET", "/", "HTTP/1.1", {HOST, "Authorization: a", "Authorization: a"}, 0, HTTP_GATE_AUTHORIZATION},
    {"GET", "/", "HTTP/1.1", {HOST, "Authorization: B\xC3\xA9"}, 0, HTTP_GATE_AUTHORIZATION},
    {"GET", "/", "HTTP/1.1", {HOST, ": b"}, 0, HTTP_GATE_HEADER},
    {"GET", "/", "HTTP/1.1", {HOST, "X A: b"}, 0, HTTP_GATE_HEADER},
    {"GET", "/", "HTTP/1.1", {HOST, "X-A: b\rc"}, 0, HTTP_GATE_HEADER},
    {"GET", "/", "HTTP/1.1", {HOST, "X-A: \x7f"}, 0, HTTP_GATE_HEADER},
    {"GET", "/", "HTTP/1.1", {HOST, "User-Agent: caf\xC3\xA9"}, 0, HTTP_GATE_PASS},
    {"POST", "/", "HTTP/1.1", {HOST, "Content-Type: a/b", "Content-Type: a/b"}, 0, HTTP_GATE_HEADER},
    {"GET", "/", "HTTP/1.1", {HOST, "Upgrade: websocket"}, 0, HTTP_GATE_UPGRADE},
    {"GET", "/", "HTTP/1.1", {HOST, "HTTP2-Settings: AAA"}, 0, HTTP_GATE_UPGRADE},
    {"GET", "/", "HTTP/1.1", {HOST, "X-A: b"}, 1, HTTP_GATE_SIZE},
    {"GET", "/", "HTTP/1.1", {HOST, "X-A: b"}, (gsize)-1, HTTP_GATE_SIZE},
};

static HttpGateHeader parse_line(const char *line, char *copy) {
  gsize colon = strcspn(line, ":");
  memcpy(copy, line, strlen(line) + 1);
  copy[colon] = '\0';
  gsize blanks = strspn(copy + colon + 1, " \t");
  HttpGateHeader header = {.name = copy, .name_bytes = colon, .blank_bytes = blanks};
  header.value = copy + colon + 1 + blanks;
  header.value_bytes = strlen(header.value);
  header.line_bytes = strlen(line) + 2;
  return header;
}

static void test_check(gconstpointer data) {
  const Case *c = data;
  char copies[6][128];
  HttpGateHeader headers[6];
  HttpGateHead head = {c->method, c->target, c->version, headers, 0, 0, 0};
  head.head_bytes = head.line_bytes = strlen(c->method) + strlen(c->target) + strlen(c->version) + 4;
  for (; c->lines[head.n_headers] != NULL; head.n_headers++) {
    headers[head.n_headers] = parse_line(c->lines[head.n_headers], copies[head.n_headers]);
    head.head_bytes += headers[head.n_headers].line_bytes;
  }
  if (c->hidden != 0)
    headers[head.n_headers - 1].line_bytes += c->hidden;
  head.head_bytes += c->hidden + 2;
  g_assert_cmpint(http_gate_check(&head), ==, c->code);
}

/* One byte short in one line, one byte hidden in another: the total is right, the lines are not. */
static void test_balance(void) {
  HttpGateHeader headers[] = {{"Host", "a", 4, 1, 1, 8}, {"X-A", "b", 3, 1, 1, 7}, {"X-B", "c", 3, 1, 1, 9}};
  HttpGateHead head = {"GET", "/", "HTTP/1.1", headers, 3, 16, 16 + 8 + 7 + 9 + 2};
  g_assert_cmpint(http_gate_check(&head), ==, HTTP_GATE_SIZE);
}

static void test_limits(void) {
  g_autofree char *target = g_strnfill(LIMIT_URI_BYTES + 1, 'a');
  target[0] = '/';
  HttpGateHeader headers[LIMIT_HEADERS + 1];
  for (gsize i = 0; i <= LIMIT_HEADERS; i++)
    headers[i] = (HttpGateHeader){"X-A", "b", 3, 1, 1, 8};
  headers[0] = (HttpGateHeader){"Host", "a", 4, 1, 1, 9};
  HttpGateHead head = {"GET", target, "HTTP/1.1", headers, LIMIT_HEADERS, 0, 0};
  head.line_bytes = strlen(target) + 3 + 8 + 4;
  head.head_bytes = head.line_bytes + 9 + (LIMIT_HEADERS - 1) * 8 + 2;
  g_assert_cmpint(http_gate_check(&head), ==, HTTP_GATE_TARGET_LONG);
  target[LIMIT_URI_BYTES] = '\0';
  head.line_bytes--;
  head.head_bytes--;
  g_assert_cmpint(http_gate_check(&head), ==, HTTP_GATE_PASS);
  head.n_headers++;
  g_assert_cmpint(http_gate_check(&head), ==, HTTP_GATE_HEADERS);
  head.n_headers = 1;
  head.head_bytes = head.line_bytes + LIMIT_HEADER_BYTES + 1;
  g_assert_cmpint(http_gate_check(&head), ==, HTTP_GATE_HEADERS);
}

typedef struct {
  const char *target, *path;
} PathCase;

static const PathCase path_cases[] = {
    {"/", "/"},
    {"/?a/../b", "/"},
    {"//", "/"},
    {"/scim/v2/Users", "/scim/v2/Users"},
    {"/scim/v2//Users/", "/scim/v2/Users"},
    {"/scim/v2/Users//?a=b", "/scim/v2/Users"},
    {"/%55sers", "/Users"},
    {"/a%20b", "/a b"},
    {"/a+b", "/a+b"},
    {"/%25%32%65", "/%2e"},
    {"/b%C3%BCcher", "/b\xC3\xBC"
                     "cher"},
    {"/a...", "/a..."},
    {"", NULL},
    {"a", NULL},
    {"*", NULL},
    {"/a%00b", NULL},
    {"/a%0ab", NULL},
    {"/a%7fb", NULL},
    {"/.", NULL},
    {"/a/./b", NULL},
    {"/a/../b", NULL},
    {"/a/..", NULL},
    {"/%2e%2E/b", NULL},
    {"/.%2e/b", NULL},
    {"/a%2fb", NULL},
    {"/a%5Cb", NULL},
    {"/a\\b", NULL},
    {"/a;v=1", NULL},
    {"/a%3bv=1", NULL},
    {"/a%", NULL},
    {"/a%2", NULL},
    {"/a%2g", NULL},
    {"/a b", NULL},
    {"/%c0%af", NULL},
    {"/%ff", NULL},
    {"/\xC3\xBC", NULL},
};

static void test_path(gconstpointer data) {
  const PathCase *c = data;
  g_autofree char *path = http_gate_path(c->target);
  g_assert_cmpstr(path, ==, c->path);
}

static void test_verdicts(void) {
  g_assert_null(http_gate_verdict(HTTP_GATE_PASS));
  g_assert_null(http_gate_verdict(HTTP_GATE_CODES));
  for (int code = HTTP_GATE_PASS + 1; code < HTTP_GATE_CODES; code++) {
    const HttpGateVerdict *verdict = http_gate_verdict((HttpGateCode)code);
    g_assert_cmpint(verdict->gp_code, ==, 2050 + code);
    g_assert_cmpint(verdict->status, >=, 400);
    g_assert_nonnull(verdict->words);
  }
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *name = g_strdup_printf("/http_gate/check/%02zu", i);
    g_test_add_data_func(name, &cases[i], test_check);
  }
  for (gsize i = 0; i < G_N_ELEMENTS(path_cases); i++) {
    g_autofree char *name = g_strdup_printf("/http_gate/path/%02zu", i);
    g_test_add_data_func(name, &path_cases[i], test_path);
  }
  g_test_add_func("/http_gate/balance", test_balance);
  g_test_add_func("/http_gate/limits", test_limits);
  g_test_add_func("/http_gate/verdicts", test_verdicts);
  return g_test_run();
}
