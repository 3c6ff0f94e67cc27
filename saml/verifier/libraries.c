#include "saml/verifier/libraries.h"

#include <lasso/debug.h>
#include <lasso/lasso.h>
#include <lasso/xml/tools.h>
#include <libxml/xmlIO.h>
#include <libxml/xmlerror.h>
#include <stdlib.h>
#include <xmlsec/xmlsec.h>
#include <xmlsec/errors.h>
#include <xmlsec/io.h>

static void ignore_xmlsec(const char *file, int line, const char *func, const char *object,
                          const char *subject, int reason, const char *text) {
  (void)file, (void)line, (void)func, (void)object, (void)subject, (void)reason, (void)text;
}

static void ignore_xml(void *context, xmlErrorPtr error) {
  (void)context, (void)error;
}

/* Peer text would stand in these lines, as it came. */
static void ignore_log(const char *domain, GLogLevelFlags level, const char *message, void *data) {
  (void)domain, (void)level, (void)message, (void)data;
}

/* A variable of lasso's can turn verification off, one of GLib's turns each complaint about input into an abort; and without a time zone
 * each line that lasso would log looks for one in the file system. */
static void clean_environment(void) {
  unsetenv("LASSO_FLAG");
  unsetenv("LASSO_DEFAULT_KEY_ENCRYPTION_METHOD");
  unsetenv("G_DEBUG");
  unsetenv("G_MESSAGES_DEBUG");
  setenv("TZ", "UTC0", 1);
}

gboolean saml_libraries_start(void) {
  clean_environment();
  if (lasso_init() != 0)
    return FALSE;
  /* After lasso, which sets its own. */
  xmlSecIOCleanupCallbacks();
  xmlCleanupInputCallbacks();
  xmlSecErrorsSetCallback(ignore_xmlsec);
  xmlSetStructuredErrorFunc(NULL, ignore_xml);
  const GLogLevelFlags all = G_LOG_LEVEL_MASK | G_LOG_FLAG_FATAL | G_LOG_FLAG_RECURSION;
  lasso_log_set_handler(all, ignore_log, NULL);
  g_log_set_handler("Lasso", all, ignore_log, NULL);
  return lasso_flag_verify_signature;
}
