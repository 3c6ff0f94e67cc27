/* The tables of the structure profile: for each kind of element its attributes, what is inside, in which order and how often. For
 * saml/verifier/structure*.c alone. */
#pragma once

#include "saml/verifier/structure.h"

#define SAML_NS_XENC11 "http://www.w3.org/2009/xmlenc11#"
#define SAML_NS_EXC_C14N "http://www.w3.org/2001/10/xml-exc-c14n#"

typedef enum {
  STRUCTURE_RESPONSE,
  STRUCTURE_LOGOUT_REQUEST,
  STRUCTURE_LOGOUT_RESPONSE,
  STRUCTURE_STATUS,
  STRUCTURE_STATUS_CODE,
  STRUCTURE_ASSERTION,
  STRUCTURE_NAME_ID, /* and Issuer */
  STRUCTURE_SUBJECT,
  STRUCTURE_CONFIRMATION,
  STRUCTURE_CONFIRMATION_DATA,
  STRUCTURE_CONDITIONS,
  STRUCTURE_AUDIENCES,
  STRUCTURE_PROXY,
  STRUCTURE_AUTHN,
  STRUCTURE_LOCALITY,
  STRUCTURE_CONTEXT,
  STRUCTURE_ATTRIBUTES,
  STRUCTURE_ATTRIBUTE,
  STRUCTURE_VALUE,
  STRUCTURE_SIGNATURE,
  STRUCTURE_SIGNED_INFO,
  STRUCTURE_CANONICAL,
  STRUCTURE_SIGNATURE_METHOD,
  STRUCTURE_REFERENCE,
  STRUCTURE_TRANSFORMS,
  STRUCTURE_TRANSFORM,
  STRUCTURE_PREFIXES,
  STRUCTURE_DIGEST,
  STRUCTURE_SIGNATURE_TEXT, /* DigestValue */
  STRUCTURE_SIGNATURE_VALUE,
  STRUCTURE_KEY_INFO,
  STRUCTURE_KEY_VALUE,
  STRUCTURE_RSA,
  STRUCTURE_X509,
  STRUCTURE_X509_SERIAL,
  STRUCTURE_ENCRYPTED_ASSERTION,
  STRUCTURE_ENCRYPTED_DATA,
  STRUCTURE_DATA_KEY_INFO,
  STRUCTURE_ENCRYPTED_KEY,
  STRUCTURE_CIPHER,
  STRUCTURE_TRANSPORT,
  STRUCTURE_TRANSPORT_DIGEST,
  STRUCTURE_CIPHER_DATA,
  STRUCTURE_REFERENCE_LIST,
  STRUCTURE_DATA_REFERENCE,
  STRUCTURE_TEXT,  /* text and nothing else */
  STRUCTURE_EMPTY, /* nothing */
  STRUCTURE_OPEN,  /* ignored: anything that is not SAML, a signature or encrypted */
  STRUCTURES       /* how many */
} StructureKind;

#define STRUCTURE_CHILDREN_MAX 12

/* Children come in order of group; those of one group in any order. */
typedef struct {
  guint8 group; /* from 1; 0 ends the table */
  const char *ns, *name;
  StructureKind kind;
  guint16 least, most;
} StructureChild;

typedef enum { STRUCTURE_HAS_ELEMENTS, STRUCTURE_HAS_TEXT, STRUCTURE_HAS_ANYTHING } StructureContent;

typedef struct {
  const char *required[4], *optional[9]; /* attributes without namespace */
  gboolean foreign;                      /* attributes of foreign namespaces are let pass */
  StructureContent content;
  const StructureChild *children; /* NULL: none */
  SamlFailure failure;            /* SAML_OK: bad_structure */
  SamlFailure unknown;            /* of a child that is not in the table; SAML_OK: as failure */
  /* More than a table can say; NULL: nothing. */
  SamlFailure (*check)(const xmlNode *node, const SamlStructureOptions *options);
} StructureRule;

const StructureRule *saml_structure_rule(StructureKind kind);

/* saml/verifier/structure_check.c: what the rows above point to. */
SamlFailure saml_structure_check_version(const xmlNode *node, const SamlStructureOptions *options);
SamlFailure saml_structure_check_value(const xmlNode *node, const SamlStructureOptions *options);
SamlFailure saml_structure_check_data_type(const xmlNode *node, const SamlStructureOptions *options);
SamlFailure saml_structure_check_cipher(const xmlNode *node, const SamlStructureOptions *options);
SamlFailure saml_structure_check_transport(const xmlNode *node, const SamlStructureOptions *options);
SamlFailure saml_structure_check_transport_digest(const xmlNode *node, const SamlStructureOptions *options);
