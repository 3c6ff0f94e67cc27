#include "lib/http_internal.h"

#include <string.h>

HttpReply *http_reply_new(int status, const char *type, char *body, gssize n) {
  HttpReply *reply = g_new0(HttpReply, 1);
  reply->status = status;
  reply->type = g_strdup(type);
  reply->body = body;
  if (body != NULL)
    reply->n = n < 0 ? strlen(body) : (gsize)n;
  return reply;
}

/* A line break in a value would end the header: such a value is a programming error of the caller. */
void http_reply_header(HttpReply *reply, const char *name, const char *value) {
  g_return_if_fail(strpbrk(name, "\r\n:") == NULL && strpbrk(value, "\r\n") == NULL);
  if (reply->headers == NULL)
    reply->headers = g_ptr_array_new_with_free_func(g_free);
  g_ptr_array_add(reply->headers, g_strdup(name));
  g_ptr_array_add(reply->headers, g_strdup(value));
}

int http_reply_status(const HttpReply *reply) {
  return reply->status;
}

void http_reply_free(HttpReply *reply) {
  if (reply == NULL)
    return;
  g_clear_pointer(&reply->headers, g_ptr_array_unref);
  g_free(reply->type);
  g_free(reply->body);
  g_free(reply);
}
