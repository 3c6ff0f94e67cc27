/* Runs a fuzz target over every file of its corpus folder: what fuzzing once found stays found. TAP, a line a file. */
#include <glib.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int by_name(gconstpointer a, gconstpointer b) {
  return g_strcmp0(*(const char *const *)a, *(const char *const *)b);
}

static gboolean replay(const char *folder, const char *name) {
  g_autofree char *path = g_build_filename(folder, name, NULL);
  g_autofree char *bytes = NULL;
  gsize n;
  if (!g_file_get_contents(path, &bytes, &n, NULL))
    return FALSE;
  /* Exact size on the heap, so that a sanitizer sees one byte too many. */
  g_autofree uint8_t *exact = g_malloc(n);
  memcpy(exact, bytes, n);
  LLVMFuzzerTestOneInput(exact, n);
  return TRUE;
}

int main(int argc, char **argv) {
  g_autoptr(GError) error = NULL;
  g_autoptr(GDir) dir = argc == 2 ? g_dir_open(argv[1], 0, &error) : NULL;
  if (dir == NULL) {
    printf("Bail out! %s\n", error != NULL ? error->message : "usage: fuzz-NAME CORPUS");
    return 1;
  }
  g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
  for (const char *name = g_dir_read_name(dir); name != NULL; name = g_dir_read_name(dir))
    g_ptr_array_add(names, g_strdup(name));
  g_ptr_array_sort(names, by_name);
  int failed = 0;
  for (guint i = 0; i < names->len; i++) {
    gboolean ok = replay(argv[1], names->pdata[i]);
    printf("%s %u - %s\n", ok ? "ok" : "not ok", i + 1, (const char *)names->pdata[i]);
    fflush(stdout);
    failed += !ok;
  }
  printf("1..%u\n", names->len);
  return failed > 0;
}
