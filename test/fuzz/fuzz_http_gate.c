/* A head as the library would give it: the input's lines cut at their first colon. What passes must add up. */
#include "lib/http_gate.h"

#include <stdint.h>
#include <string.h>

#include "lib/limits.h"

#define LINES (LIMIT_HEADERS + 2)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static HttpGateHeader parse_line(char *line) {
  gsize bytes = strlen(line), name = strcspn(line, ":");
  HttpGateHeader header = {.name = line, .name_bytes = name, .line_bytes = bytes + 2};
  header.blank_bytes = name < bytes ? strspn(line + name + 1, " \t") : 0;
  header.value = name < bytes ? line + name + 1 + header.blank_bytes : line + bytes;
  header.value_bytes = strlen(header.value);
  line[name] = '\0';
  return header;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  g_autofree char *text = g_strndup((const char *)data, size);
  g_auto(GStrv) lines = g_strsplit(text, "\r\n", LINES);
  g_auto(GStrv) words = g_strsplit(lines[0] != NULL ? lines[0] : "", " ", 3);
  HttpGateHeader headers[LINES];
  if (g_strv_length(words) != 3)
    return 0;
  HttpGateHead head = {.method = words[0], .target = words[1], .version = words[2], .headers = headers};
  head.head_bytes = head.line_bytes = strlen(lines[0]) + 2;
  for (; lines[head.n_headers + 1] != NULL; head.n_headers++) {
    headers[head.n_headers] = parse_line(lines[head.n_headers + 1]);
    head.head_bytes += headers[head.n_headers].line_bytes;
  }
  head.head_bytes += 2;
  HttpGateCode code = http_gate_check(&head);
  g_assert_true(code == HTTP_GATE_PASS || http_gate_verdict(code) != NULL);
  if (code != HTTP_GATE_PASS)
    return 0;
  g_autofree char *path = http_gate_path(head.target);
  g_assert_nonnull(path);
  head.head_bytes++;
  g_assert_cmpint(http_gate_check(&head), !=, HTTP_GATE_PASS);
  return 0;
}
