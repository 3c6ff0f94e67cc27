/* Who a subject is: the stored binding, else the join rule among the people of the connection's own source (C76, C78, C82, C83). */
#pragma once

#include "lib/db.h"
#include "saml/door.h"
#include "saml/report.h"

typedef struct {
  char *user_id, *user; /* user: address of their mailbox, else userName */
  char *subject;        /* what they are bound by */
  gboolean bound;       /* it was so before */
} SamlPerson;
void saml_person_clear(SamlPerson *person);

/* In a sign-in's transaction: locks the person's row, so that leaving waits for us or we for it. FALSE with the report's failure, or with
 * an error. */
gboolean saml_store_person(Db *db, const SamlDoor *door, const char *subject, SamlPerson *person,
                           SamlReport *report, GError **error);
/* Queues the binding, unless there is one. */
void saml_store_person_bind(Db *db, const SamlDoor *door, const SamlPerson *person);
