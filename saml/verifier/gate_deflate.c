#include "saml/verifier/gate_deflate.h"

#include <zlib.h>

guint8 *saml_gate_deflate(const char *bytes, gsize n, gsize *deflated_n) {
  z_stream stream = {.next_in = (Bytef *)bytes, .avail_in = (uInt)n};
  /* A negative window: no zlib header. Our messages are small, so all of it fits at once. */
  int ready = deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, -MAX_WBITS, 9, Z_DEFAULT_STRATEGY);
  g_assert(ready == Z_OK);
  uLong most = deflateBound(&stream, (uLong)n);
  guint8 *deflated = g_malloc(most);
  stream.next_out = deflated;
  stream.avail_out = (uInt)most;
  int done = deflate(&stream, Z_FINISH);
  g_assert(done == Z_STREAM_END);
  *deflated_n = stream.total_out;
  deflateEnd(&stream);
  return deflated;
}
