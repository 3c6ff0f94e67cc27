/* Every maximum that a peer can run into, with its reason. Nothing that grows is without a row here. */
#pragma once

/* HTTP (lib/http_*). */
#define LIMIT_URI_BYTES 16384           /* an 8 KiB filter, percent-encoded */
#define LIMIT_HEADERS 64                /* IdPs send about ten */
#define LIMIT_HEADER_BYTES 16384        /* all of them together */
#define LIMIT_BODY_BYTES (16u << 20)    /* a PUT of a 100,000-member group is about 12 MiB */
#define LIMIT_SMALL_BODY_BYTES (1u << 20) /* above this one body at a time: memory is 80 times a hostile body */
#define LIMIT_BODIES_BYTES (128u << 20) /* all bodies in memory; more are answered 503 */
#define LIMIT_LARGE_BODIES_BYTES (96u << 20) /* large ones stop here: the rest is kept for small ones */
#define LIMIT_CONNECTIONS 2000
#define LIMIT_CONNECTIONS_PER_ADDRESS 2000 /* behind a front every connection has the front's address */
#define LIMIT_HEADER_SECONDS 10         /* first byte to last header */
#define LIMIT_BODY_SECONDS 20
#define LIMIT_IDLE_SECONDS 30
#define LIMIT_REPLY_SECONDS 30         /* and one second more for each 64 KiB */
#define LIMIT_REQUEST_SECONDS 25        /* below Okta's shortest client timeout, 30 s */
#define LIMIT_QUEUE 1000                /* requests waiting for a worker */
#define LIMIT_WORKERS 12                /* requests executing */

/* JSON (lib/jsontext.c). */
#define LIMIT_JSON_DEPTH 32
#define LIMIT_JSON_NODES 510000         /* 100,000 members, each an object of value, $ref, display, type; and the rest */
#define LIMIT_JSON_CONTAINERS 10000     /* objects and arrays that any body may have */
#define LIMIT_JSON_CONTAINER_BYTES 16   /* beyond those, one for each 16 bytes of the body: an empty object costs 250 bytes */

/* SCIM (scim/). */
#define LIMIT_FILTER_BYTES 8192
#define LIMIT_FILTER_NODES 200
#define LIMIT_FILTER_DEPTH 10
#define LIMIT_PATH_BYTES 2048
#define LIMIT_PATCH_OPERATIONS 1000
#define LIMIT_PATCH_STEPS 4000          /* attributes its operations set; each may search LIMIT_VALUES elements */
#define LIMIT_PAGE_DEFAULT 100
#define LIMIT_PAGE_MAX 1000
#define LIMIT_ATTRIBUTE_NAMES 200       /* in attributes / excludedAttributes */
#define LIMIT_STRING_BYTES 65536        /* one attribute value; x509Certificates and photos are larger than names */
#define LIMIT_USER_NAME_BYTES 1024
#define LIMIT_KEY_BYTES 2048            /* an indexed text after folding: a btree entry holds 2,704 bytes */
#define LIMIT_VALUES 1000               /* elements of one multi-valued attribute, members excepted */
#define LIMIT_MEMBERS 100000            /* in one request */
#define LIMIT_ACKS 100000             /* answered creates that wait to be marked; an older one may heal like a lost one */
#define LIMIT_EXTRA_BYTES 65536         /* attributes no schema declares, kept aside, a resource */

/* Rate (lib/rate.c). */
#define LIMIT_RATE_PER_SECOND 200       /* a token; Entra's gallery asks for at least 25 */
#define LIMIT_RATE_FLOOR 25
#define LIMIT_RATE_BURST 400
#define LIMIT_RATE_DELAY_SECONDS 5      /* shape this long before a 429 */

/* HTTP as a client (lib/http_client.c), mail stores (mail/). */
#define LIMIT_CLIENT_CONNECT_MS 1000     /* a mail store is near; a black hole must not hold a worker */
#define LIMIT_FETCH_CONNECT_MS 5000      /* what is fetched from outside may be far */
#define LIMIT_FETCH_HOPS 3               /* redirects of a fetched document */
#define LIMIT_DRIVER_NODES 16            /* of one mail store; each has threads that wait for it */
#define LIMIT_DRIVER_ANSWER_BYTES (8u << 20) /* doveadm's list of 250,000 mailboxes is about this */

#define LIMIT_POLICY_MEMBER_BYTES 4096   /* an IMAP ID is the longest that a mail server passes on */
#define LIMIT_CHECK_PER_SECOND 20        /* of /mail/check, a login and address: a calendar program sends ten requests at once */
#define LIMIT_CHECK_BURST 100
#define LIMIT_CHECK_DELAY_SECONDS 2      /* shape this long before a 429 */
#define LIMIT_EVENT_LINE_BYTES 262144    /* a line of the event log; Dovecot's own are below 8 KiB */
#define LIMIT_EVENT_LINES 200            /* in one transaction */

/* Text that reaches a log or an error message. */
#define LIMIT_QUOTED_BYTES 80

/* Settings (lib/settings.c). */
#define LIMIT_SETTINGS_BYTES 65536      /* the file, and a secret's file */
#define LIMIT_SETTINGS_LIST 256         /* items of one list */

/* SAML: what the gate counts in a message (saml/verifier/gate.c), as the checks C02, C11, C19 have it; a response with 150 groups is 30 KiB. */
#define LIMIT_SAML_MESSAGE_BYTES (256u << 10) /* decoded, inflated, decrypted */
#define LIMIT_SAML_ELEMENTS 2000
#define LIMIT_SAML_DEPTH 32
#define LIMIT_SAML_ATTRIBUTES 32        /* of one element */
#define LIMIT_SAML_NAMESPACES 64        /* declarations of one element */
#define LIMIT_SAML_NAMESPACES_ALL 4000  /* in a message: Okta and Keycloak declare two with each value */
#define LIMIT_SAML_TEXT_BYTES 65536     /* one text node: an encrypted assertion is the longest */
#define LIMIT_SAML_VALUE_BYTES 8192     /* one XML attribute's value, or a namespace */
#define LIMIT_SAML_NAME_BYTES 256       /* a name, an ID */
#define LIMIT_SAML_METADATA_BYTES (2u << 20) /* an identity provider's is 10 KiB; small federations fit, large ones answer by entity */
#define LIMIT_SAML_METADATA_ELEMENTS 40000
#define LIMIT_SAML_METADATA_NAMESPACES 8000
#define LIMIT_SAML_URL_BYTES 2048       /* an endpoint's address: what browsers and servers take */
#define LIMIT_SAML_CERTIFICATES 16      /* that one identity provider's metadata may have */

/* SAML (saml/). */
#define LIMIT_SAML_FORM_BYTES 262144    /* a form with a message: 150 groups and two signatures are 40 KiB */
#define LIMIT_SAML_TARGET_BYTES 1024    /* where somebody wanted to go before signing in */
#define LIMIT_SAML_REQUEST_SECONDS 900  /* from our question to its answer: a person looks for a second factor */
#define LIMIT_SAML_PICKUP_SECONDS 60    /* from the answer to the browser's next step */
#define LIMIT_SAML_RATE_ADDRESS 20      /* messages a second from one address, behind which a company may sit */
#define LIMIT_SAML_BURST_ADDRESS 200
#define LIMIT_SAML_RATE_CONNECTION 100  /* messages a second to one connection; and as many pages, which anybody may ask for */
#define LIMIT_SAML_BURST_CONNECTION 500
#define LIMIT_SAML_RATE_WAIT_SECONDS 3  /* shape this long before a 429 */
#define LIMIT_SAML_WORKERS 8            /* requests that need a verifier at work; the other workers are everybody's */
#define LIMIT_SAML_AT_ONCE 6            /* of those, one connection's */
#define LIMIT_SAML_ENTER_MS 200         /* for a place among them, which holds a worker */
#define LIMIT_SAML_ENTERING 2           /* may wait for one, so that not even they hold all the others */
#define LIMIT_SAML_REFUSALS 60          /* a minute and connection that leave a record before any signature held: anybody can send them */
#define LIMIT_SAML_SESSIONS 100         /* of one person, listed */
#define LIMIT_SAML_ISSUED_SECONDS 600   /* a response is brought within a moment; ten minutes leave time for a slow browser */
#define LIMIT_SAML_JOB_BYTES (4u << 20)   /* to a verifier process: the largest document, and a connection with its keys */
#define LIMIT_SAML_ANSWER_BYTES (1u << 20) /* from one: what a sign-in says is smaller than its message */
#define LIMIT_SAML_REPORT_BYTES 1024    /* of an answer, beside what the message says */
#define LIMIT_SAML_HELLO_BYTES 512
#define LIMIT_SAML_VERIFIERS 64         /* processes, each of about 20 MiB */
#define LIMIT_SAML_JOB_SECONDS 2        /* of one message: the worst takes 20 ms; then its process is killed */
#define LIMIT_SAML_WAIT_SECONDS 5       /* for a free process, before the person is told to try again */
#define LIMIT_SAML_MEMORY_BYTES (128u << 20) /* a verifier process may add to what it has when it is ready; the worst message adds 16 MiB */
#define LIMIT_SAML_TRUSTS 64            /* connections that a process keeps ready, at 100 KiB each; another costs 50 ms */
