#include "saml/verifier/desk.h"

#include <string.h>

#include "lib/crypto.h"
#include "lib/crypto_seal.h"
#include "lib/limits.h"
#include "saml/verifier/logout.h"
#include "saml/verifier/message.h"
#include "saml/verifier/metadata_read.h"
#include "saml/verifier/metadata_write.h"
#include "saml/verifier/verify.h"

/* A connection as the server sent it, and what we made of it. The same bytes are the same connection. */
typedef struct {
  GByteArray *bytes;
  SamlConnection *connection;
  SamlTrust *trust;
} Known;

struct SamlDesk {
  guint8 seal_key[CRYPTO_SEAL_KEY_BYTES];
  GQueue known; /* of Known, last used first */
};

static void known_free(Known *known) {
  g_byte_array_unref(known->bytes);
  saml_connection_unref(known->connection);
  saml_trust_free(known->trust);
  g_free(known);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Known, known_free)

SamlDesk *saml_desk_new(const guint8 *seal_key) {
  SamlDesk *desk = g_new0(SamlDesk, 1);
  memcpy(desk->seal_key, seal_key, sizeof desk->seal_key);
  g_queue_init(&desk->known);
  return desk;
}

void saml_desk_free(SamlDesk *desk) {
  if (desk == NULL)
    return;
  g_queue_clear_full(&desk->known, (GDestroyNotify)known_free);
  crypto_wipe(desk->seal_key, sizeof desk->seal_key);
  g_free(desk);
}

/* ---- what is known of a connection */

static gboolean is_same(const Known *known, const SamlWireSlice *bytes) {
  return known->bytes->len == bytes->n && memcmp(known->bytes->data, bytes->bytes, bytes->n) == 0;
}

static Known *find(SamlDesk *desk, const SamlWireSlice *bytes) {
  for (GList *at = desk->known.head; at != NULL; at = at->next)
    if (is_same(at->data, bytes)) {
      g_queue_unlink(&desk->known, at);
      g_queue_push_head_link(&desk->known, at);
      return at->data;
    }
  return NULL;
}

/* Each version that a connection had is one more until it is the oldest. */
static void keep(SamlDesk *desk, Known *known) {
  g_queue_push_head(&desk->known, known);
  if (desk->known.length > LIMIT_SAML_TRUSTS)
    known_free(g_queue_pop_tail(&desk->known));
}

/* NULL with the report's failure. */
static Known *learn(SamlDesk *desk, const SamlWireSlice *bytes, SamlReport *report) {
  g_autoptr(Known) known = g_new0(Known, 1);
  known->bytes = g_byte_array_append(g_byte_array_new(), (const guint8 *)bytes->bytes, (guint)bytes->n);
  known->connection = saml_connection_new();
  if (!saml_wire_get(bytes->bytes, bytes->n, saml_form_connection, known->connection)) {
    saml_report_fail(report, SAML_CHECK_FORM, SAML_BAD_FORM, NULL, NULL);
    return NULL;
  }
  known->trust = saml_trust_new(known->connection, desk->seal_key, report);
  if (known->trust == NULL)
    return NULL;
  keep(desk, known);
  return g_steal_pointer(&known);
}

/* ---- the kinds */

typedef union {
  SamlLogin login;
  SamlSend send;
  SamlLogoutMessage logout;
  SamlXml xml;
  SamlIdpMetadata metadata;
} Result;

typedef struct {
  const SamlJob *job;
  const SamlConnection *connection; /* NULL: the kind needs none */
  const SamlTrust *trust;
} Task;

static gboolean run_login(const Task *task, Result *result, SamlReport *report) {
  const SamlJob *job = task->job;
  return saml_verify_response(task->trust, task->connection, job->message.bytes, job->message.n, job->now_us,
                              &result->login, report);
}

static gboolean run_ask(const Task *task, Result *result, SamlReport *report) {
  const SamlJob *job = task->job;
  SamlAsk ask = {
      .id = job->id, .now_us = job->now_us, .force_authn = job->force_authn, .passive = job->passive};
  return saml_message_ask(task->trust, task->connection, &ask, job->relay_state, &result->send, report);
}

/* By redirect field is NULL. */
static gboolean run_logout(const Task *task, Result *result, SamlReport *report) {
  const SamlJob *job = task->job;
  SamlLogoutIn in = {
      .field = job->field, .text = job->message.bytes, .n = job->message.n, .now_us = job->now_us};
  return saml_logout_read(task->trust, task->connection, &in, &result->logout, report);
}

static gboolean run_logout_ask(const Task *task, Result *result, SamlReport *report) {
  const SamlJob *job = task->job;
  SamlLogoutAsk ask = {.id = job->id,
                       .now_us = job->now_us,
                       .in_response_to = job->in_response_to,
                       .success = job->success,
                       .name_id = &job->name_id,
                       .session_index = job->session_index};
  return saml_message_logout(task->trust, task->connection, &ask, job->relay_state, &result->send, report);
}

static gboolean run_metadata(const Task *task, Result *result, SamlReport *report) {
  const SamlJob *job = task->job;
  result->xml.xml =
      saml_metadata_write(task->trust, task->connection, job->now_us, (int)job->valid_days, report);
  return result->xml.xml != NULL;
}

static gboolean run_read_metadata(const Task *task, Result *result, SamlReport *report) {
  const SamlJob *job = task->job;
  g_autoptr(GBytes) trusted = job->trusted.n == 0 ? NULL : g_bytes_new(job->trusted.bytes, job->trusted.n);
  const SamlMetadataWish wish = {.entity_id = job->entity_id, .trusted_der = trusted, .local = job->local};
  return saml_metadata_read(job->message.bytes, job->message.n, &wish, job->now_us, &result->metadata, report);
}

typedef struct {
  gboolean (*run)(const Task *task, Result *result, SamlReport *report);
  gboolean connection; /* it needs one */
} Kind;

static const Kind kinds[SAML_JOBS] = {
    [SAML_JOB_LOGIN] = {run_login, TRUE},
    [SAML_JOB_ASK] = {run_ask, TRUE},
    [SAML_JOB_LOGOUT_REDIRECT] = {run_logout, TRUE},
    [SAML_JOB_LOGOUT_POST] = {run_logout, TRUE},
    [SAML_JOB_LOGOUT_ASK] = {run_logout_ask, TRUE},
    [SAML_JOB_METADATA] = {run_metadata, TRUE},
    [SAML_JOB_READ_METADATA] = {run_read_metadata, FALSE},
};

static gboolean run(SamlDesk *desk, const SamlJob *job, Result *result, SamlReport *report) {
  const Kind *kind = &kinds[job->kind];
  Task task = {.job = job};
  if (kind->connection) {
    Known *known = find(desk, &job->connection);
    known = known != NULL ? known : learn(desk, &job->connection, report);
    if (known == NULL)
      return FALSE;
    task.connection = known->connection;
    task.trust = known->trust;
  }
  return kind->run(&task, result, report);
}

/* ---- question and answer */

static GByteArray *write_answer(const SamlJob *job, const Result *result, SamlReport *report) {
  g_autoptr(GByteArray) body = g_byte_array_new();
  SamlAnswer answer = {.number = job->number};
  gboolean good = report->failure == SAML_OK;
  if (good && !saml_wire_put(body, LIMIT_SAML_ANSWER_BYTES - LIMIT_SAML_REPORT_BYTES,
                             saml_form_result((SamlJobKind)job->kind), result))
    good = saml_report_fail(report, SAML_CHECK_FORM, SAML_TOO_LARGE, NULL, NULL);
  if (good)
    answer.result = (SamlWireSlice){(const char *)body->data, body->len};
  answer.report = *report;
  GByteArray *bytes = g_byte_array_new();
  if (!saml_wire_put(bytes, LIMIT_SAML_ANSWER_BYTES, saml_form_answer, &answer))
    g_error("an answer does not fit its form");
  return bytes;
}

GByteArray *saml_desk_answer(SamlDesk *desk, const void *question, gsize n) {
  SamlJob job = {0};
  Result result = {0};
  SamlReport report;
  saml_report_init(&report);
  gboolean good = saml_wire_get(question, n, saml_form_job, &job);
  if (good)
    run(desk, &job, &result, &report);
  GByteArray *answer = good ? write_answer(&job, &result, &report) : NULL;
  if (good)
    saml_wire_clear(saml_form_result((SamlJobKind)job.kind), &result);
  saml_wire_clear(saml_form_job, &job);
  return answer;
}
