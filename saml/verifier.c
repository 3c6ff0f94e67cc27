#include "saml/verifier.h"

#include <string.h>

#include "lib/clock.h"
#include "lib/limits.h"
#include "saml/channel.h"
#include "saml/form.h"
#include "saml/pool.h"

#define US 1e6

struct SamlVerifier {
  SamlPool *pool;
  Metrics *metrics;
  gint numbers; /* atomic: of the next job */
};

/* ---- one job: its frame, a process, the answer */

/* What a process answered, read. The slice points into frame. */
typedef struct {
  GByteArray *frame;
  SamlAnswer said;
} Answer;

static void answer_clear(Answer *answer) {
  g_clear_pointer(&answer->frame, g_byte_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Answer, answer_clear)

/* NULL: something in it is over its maximum. */
static GByteArray *job_frame(SamlJob *job, const SamlConnection *connection) {
  g_autoptr(GByteArray) keys = g_byte_array_new();
  g_autoptr(GByteArray) frame = g_byte_array_new();
  if (connection != NULL && !saml_wire_put(keys, LIMIT_SAML_JOB_BYTES, saml_form_connection, connection))
    return NULL;
  job->connection = (SamlWireSlice){(const char *)keys->data, keys->len};
  gboolean good = saml_wire_put(frame, LIMIT_SAML_JOB_BYTES, saml_form_job, job);
  job->connection = (SamlWireSlice){NULL, 0};
  return good ? g_steal_pointer(&frame) : NULL;
}

/* What no verified message can be, whatever the process says. */
static gboolean login_sound(const SamlConnection *connection, const SamlLogin *login) {
  return strcmp(login->issuer, connection->idp_entity_id) == 0 && login->name_id.value != NULL &&
         login->key < connection->pinned->len && (login->signed_response || login->signed_assertion);
}

/* A process may have been taken over by the message before: what it says is read like any other message from outside. A result comes
 * if and only if nothing failed. */
static gboolean talk(const SamlChild *child, const SamlJob *job, const SamlConnection *connection,
                     const GByteArray *frame, Answer *answer, void *result) {
  gint64 deadline = clock_deadline(LIMIT_SAML_JOB_SECONDS);
  SamlAnswer *said = &answer->said;
  if (!saml_channel_send(saml_child_fd(child), frame, deadline))
    return FALSE;
  answer->frame = saml_channel_receive(saml_child_fd(child), LIMIT_SAML_ANSWER_BYTES, deadline);
  if (answer->frame == NULL ||
      !saml_wire_get(answer->frame->data, answer->frame->len, saml_form_answer, said))
    return FALSE;
  if (said->number != job->number || !saml_form_report_sound(&said->report))
    return FALSE;
  if (said->report.failure != SAML_OK)
    return said->result.n == 0;
  return saml_wire_get(said->result.bytes, said->result.n, saml_form_result((SamlJobKind)job->kind),
                       result) &&
         (job->kind != SAML_JOB_LOGIN || login_sound(connection, result));
}

static void fail(SamlReport *report, SamlFailure failure) {
  saml_report_init(report);
  report->failure = failure;
}

/* result: zeroed, of the kind's structure; what is in it after a failure is to be cleared. */
static void exchange(SamlVerifier *verifier, SamlJob *job, const SamlConnection *connection, void *result,
                     SamlReport *report) {
  SamlFailure failure;
  g_autoptr(GByteArray) frame = job_frame(job, connection);
  if (frame == NULL) {
    fail(report, SAML_TOO_LARGE);
    return;
  }
  SamlChild *child = saml_pool_take(verifier->pool, clock_deadline(LIMIT_SAML_WAIT_SECONDS), &failure);
  if (child == NULL) {
    fail(report, failure);
    return;
  }
  g_auto(Answer) answer = {0};
  gboolean good = talk(child, job, connection, frame, &answer, result);
  saml_pool_give(verifier->pool, child, good);
  if (good)
    *report = answer.said.report;
  else
    fail(report, SAML_VERIFIER_AWAY);
}

static gboolean run(SamlVerifier *verifier, SamlJob *job, const SamlConnection *connection, void *result,
                    SamlReport *report) {
  gint64 begin = clock_now();
  const char *kind = saml_form_name((SamlJobKind)job->kind);
  job->number = g_atomic_int_add(&verifier->numbers, 1);
  exchange(verifier, job, connection, result, report);
  if (verifier->metrics != NULL) {
    metrics_add(verifier->metrics, "gatepost_saml_jobs_total", 1, kind, saml_failure_name(report->failure),
                NULL);
    metrics_observe(verifier->metrics, "gatepost_saml_job_duration_seconds",
                    (double)(clock_now() - begin) / US, kind, NULL);
  }
  return report->failure == SAML_OK;
}

/* ---- the kinds */

gboolean saml_verifier_login(SamlVerifier *verifier, const SamlConnection *connection, const char *response,
                             gsize n, gint64 now_us, SamlLogin *login, SamlReport *report) {
  SamlJob job = {.kind = SAML_JOB_LOGIN, .now_us = now_us, .message = {response, n}};
  g_auto(SamlLogin) read = {0};
  if (!run(verifier, &job, connection, &read, report))
    return FALSE;
  *login = read;
  read = (SamlLogin){0};
  return TRUE;
}

static gboolean send_job(SamlVerifier *verifier, SamlJob *job, const SamlConnection *connection,
                         SamlSend *send, SamlReport *report) {
  g_auto(SamlSend) read = {0};
  if (!run(verifier, job, connection, &read, report))
    return FALSE;
  *send = read;
  read = (SamlSend){0};
  return TRUE;
}

gboolean saml_verifier_ask(SamlVerifier *verifier, const SamlConnection *connection, const SamlAsk *ask,
                           const char *relay_state, SamlSend *send, SamlReport *report) {
  SamlJob job = {.kind = SAML_JOB_ASK,
                 .now_us = ask->now_us,
                 .id = (char *)ask->id,
                 .relay_state = (char *)relay_state,
                 .force_authn = ask->force_authn,
                 .passive = ask->passive};
  return send_job(verifier, &job, connection, send, report);
}

static gboolean logout_job(SamlVerifier *verifier, SamlJob *job, const SamlConnection *connection,
                           SamlLogoutMessage *message, SamlReport *report) {
  g_auto(SamlLogoutMessage) read = {0};
  if (!run(verifier, job, connection, &read, report))
    return FALSE;
  *message = read;
  read = (SamlLogoutMessage){0};
  return TRUE;
}

gboolean saml_verifier_logout_redirect(SamlVerifier *verifier, const SamlConnection *connection,
                                       const char *query, gsize n, gint64 now_us, SamlLogoutMessage *message,
                                       SamlReport *report) {
  SamlJob job = {.kind = SAML_JOB_LOGOUT_REDIRECT, .now_us = now_us, .message = {query, n}};
  return logout_job(verifier, &job, connection, message, report);
}

gboolean saml_verifier_logout_post(SamlVerifier *verifier, const SamlConnection *connection,
                                   const char *field, const char *base64, gsize n, gint64 now_us,
                                   SamlLogoutMessage *message, SamlReport *report) {
  SamlJob job = {
      .kind = SAML_JOB_LOGOUT_POST, .now_us = now_us, .field = (char *)field, .message = {base64, n}};
  return logout_job(verifier, &job, connection, message, report);
}

gboolean saml_verifier_logout_ask(SamlVerifier *verifier, const SamlConnection *connection,
                                  const SamlLogoutAsk *ask, const char *relay_state, SamlSend *send,
                                  SamlReport *report) {
  SamlJob job = {.kind = SAML_JOB_LOGOUT_ASK,
                 .now_us = ask->now_us,
                 .id = (char *)ask->id,
                 .in_response_to = (char *)ask->in_response_to,
                 .success = ask->success,
                 .session_index = (char *)ask->session_index,
                 .relay_state = (char *)relay_state};
  if (ask->name_id != NULL)
    job.name_id = *ask->name_id;
  return send_job(verifier, &job, connection, send, report);
}

gboolean saml_verifier_metadata(SamlVerifier *verifier, const SamlConnection *connection, gint64 now_us,
                                int valid_days, char **xml, SamlReport *report) {
  SamlJob job = {.kind = SAML_JOB_METADATA, .now_us = now_us, .valid_days = (guint)valid_days};
  SamlXml read = {0};
  gboolean good = run(verifier, &job, connection, &read, report);
  if (good)
    *xml = g_steal_pointer(&read.xml);
  g_free(read.xml);
  return good;
}

gboolean saml_verifier_read_metadata(SamlVerifier *verifier, const char *xml, gsize n,
                                     const SamlMetadataWish *wish, gint64 now_us, SamlIdpMetadata *metadata,
                                     SamlReport *report) {
  SamlJob job = {.kind = SAML_JOB_READ_METADATA,
                 .now_us = now_us,
                 .message = {xml, n},
                 .entity_id = (char *)wish->entity_id,
                 .local = wish->local};
  if (wish->trusted_der != NULL)
    job.trusted.bytes = g_bytes_get_data(wish->trusted_der, &job.trusted.n);
  g_auto(SamlIdpMetadata) read = {0};
  if (!run(verifier, &job, NULL, &read, report))
    return FALSE;
  *metadata = read;
  read = (SamlIdpMetadata){0};
  return TRUE;
}

/* ---- its life */

SamlVerifier *saml_verifier_new(const SamlVerifierOptions *options, GError **error) {
  g_autoptr(SamlVerifier) verifier = g_new0(SamlVerifier, 1);
  verifier->pool = saml_pool_new(options);
  verifier->metrics = options->metrics;
  if (!options->lazy && !saml_pool_start(verifier->pool, error))
    return NULL;
  return g_steal_pointer(&verifier);
}

gboolean saml_verifier_start(SamlVerifier *verifier, GError **error) {
  return saml_pool_start(verifier->pool, error);
}

void saml_verifier_free(SamlVerifier *verifier) {
  if (verifier == NULL)
    return;
  saml_pool_free(verifier->pool);
  g_free(verifier);
}

void saml_verifier_health(SamlVerifier *verifier, guint *alive, guint64 *deaths) {
  saml_pool_health(verifier->pool, alive, deaths);
}

void saml_send_clear(SamlSend *send) {
  g_clear_pointer(&send->url, g_free);
  g_clear_pointer(&send->field, g_free);
  g_clear_pointer(&send->form, g_free);
}

void saml_logout_message_clear(SamlLogoutMessage *message) {
  g_clear_pointer(&message->id, g_free);
  g_clear_pointer(&message->issuer, g_free);
  g_clear_pointer(&message->in_response_to, g_free);
  saml_name_id_clear(&message->name_id);
  g_clear_pointer(&message->session_indexes, g_strfreev);
}
