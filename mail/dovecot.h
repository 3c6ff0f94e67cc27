/* The driver for Dovecot: its doveadm HTTP API. Dovecot makes a mailbox by itself when its row is there, so this one looks that it
 * did, and ends sessions. A URL is that of a listener ("http://127.0.0.1:8080"), the secret is doveadm_api_key. A session is known to
 * the node that holds it alone: of a cluster each node is told. */
#pragma once

#include "mail/driver.h"

extern const MailDriverKind mail_dovecot;
