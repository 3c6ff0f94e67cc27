#include "saml/verifier/structure_table.h"

#define SAML SAML_NS_ASSERTION
#define SAMLP SAML_NS_PROTOCOL
#define DS SAML_NS_DSIG
#define XENC SAML_NS_XENC
#define MANY G_MAXUINT16 /* as many as the gate lets pass */

static const StructureChild response[] = {
    {1, SAML, "Issuer", STRUCTURE_NAME_ID, 0, 1},
    {2, DS, "Signature", STRUCTURE_SIGNATURE, 0, 1},
    {3, SAMLP, "Extensions", STRUCTURE_OPEN, 0, 1},
    {4, SAMLP, "Status", STRUCTURE_STATUS, 1, 1},
    {5, SAML, "Assertion", STRUCTURE_ASSERTION, 0, 1},
    {5, SAML, "EncryptedAssertion", STRUCTURE_ENCRYPTED_ASSERTION, 0, 1},
    {0},
};

static const StructureChild logout_request[] = {
    {1, SAML, "Issuer", STRUCTURE_NAME_ID, 0, 1},        {2, DS, "Signature", STRUCTURE_SIGNATURE, 0, 1},
    {3, SAMLP, "Extensions", STRUCTURE_OPEN, 0, 1},      {4, SAML, "NameID", STRUCTURE_NAME_ID, 1, 1},
    {5, SAMLP, "SessionIndex", STRUCTURE_TEXT, 0, MANY}, {0},
};

static const StructureChild logout_response[] = {
    {1, SAML, "Issuer", STRUCTURE_NAME_ID, 0, 1},
    {2, DS, "Signature", STRUCTURE_SIGNATURE, 0, 1},
    {3, SAMLP, "Extensions", STRUCTURE_OPEN, 0, 1},
    {4, SAMLP, "Status", STRUCTURE_STATUS, 1, 1},
    {0},
};

static const StructureChild status[] = {
    {1, SAMLP, "StatusCode", STRUCTURE_STATUS_CODE, 1, 1},
    {2, SAMLP, "StatusMessage", STRUCTURE_TEXT, 0, 1},
    {3, SAMLP, "StatusDetail", STRUCTURE_OPEN, 0, 1},
    {0},
};

static const StructureChild status_code[] = {{1, SAMLP, "StatusCode", STRUCTURE_STATUS_CODE, 0, 1}, {0}};

/* C36. Statements come in any order: AD FS and Entra put the attributes first. */
static const StructureChild assertion[] = {
    {1, SAML, "Issuer", STRUCTURE_NAME_ID, 1, 1},
    {2, DS, "Signature", STRUCTURE_SIGNATURE, 0, 1},
    {3, SAML, "Subject", STRUCTURE_SUBJECT, 0, 1},
    {4, SAML, "Conditions", STRUCTURE_CONDITIONS, 0, 1},
    {5, SAML, "Advice", STRUCTURE_OPEN, 0, 1},
    {6, SAML, "AuthnStatement", STRUCTURE_AUTHN, 1, MANY},
    {6, SAML, "AttributeStatement", STRUCTURE_ATTRIBUTES, 0, 1},
    {0},
};

static const StructureChild subject[] = {
    {1, SAML, "NameID", STRUCTURE_NAME_ID, 0, 1},
    {2, SAML, "SubjectConfirmation", STRUCTURE_CONFIRMATION, 0, MANY},
    {0},
};

static const StructureChild confirmation[] = {
    {1, SAML, "NameID", STRUCTURE_NAME_ID, 0, 1},
    {2, SAML, "SubjectConfirmationData", STRUCTURE_CONFIRMATION_DATA, 0, 1},
    {0},
};

static const StructureChild conditions[] = {
    {1, SAML, "AudienceRestriction", STRUCTURE_AUDIENCES, 0, MANY},
    {1, SAML, "OneTimeUse", STRUCTURE_EMPTY, 0, 1},
    {1, SAML, "ProxyRestriction", STRUCTURE_PROXY, 0, 1},
    {0},
};

static const StructureChild audiences[] = {{1, SAML, "Audience", STRUCTURE_TEXT, 1, MANY}, {0}};
static const StructureChild proxy[] = {{1, SAML, "Audience", STRUCTURE_TEXT, 0, MANY}, {0}};

static const StructureChild authn[] = {
    {1, SAML, "SubjectLocality", STRUCTURE_LOCALITY, 0, 1},
    {2, SAML, "AuthnContext", STRUCTURE_CONTEXT, 1, 1},
    {0},
};

static const StructureChild context[] = {
    {1, SAML, "AuthnContextClassRef", STRUCTURE_TEXT, 0, 1},
    {2, SAML, "AuthnContextDecl", STRUCTURE_OPEN, 0, 1},
    {2, SAML, "AuthnContextDeclRef", STRUCTURE_TEXT, 0, 1},
    {3, SAML, "AuthenticatingAuthority", STRUCTURE_TEXT, 0, MANY},
    {0},
};

static const StructureChild attributes[] = {{1, SAML, "Attribute", STRUCTURE_ATTRIBUTE, 0, MANY}, {0}};
static const StructureChild attribute[] = {{1, SAML, "AttributeValue", STRUCTURE_VALUE, 0, MANY}, {0}};

static const StructureChild signature[] = {
    {1, DS, "SignedInfo", STRUCTURE_SIGNED_INFO, 1, 1},
    {2, DS, "SignatureValue", STRUCTURE_SIGNATURE_VALUE, 1, 1},
    {3, DS, "KeyInfo", STRUCTURE_KEY_INFO, 0, 1},
    {0},
};

static const StructureChild signed_info[] = {
    {1, DS, "CanonicalizationMethod", STRUCTURE_CANONICAL, 1, 1},
    {2, DS, "SignatureMethod", STRUCTURE_SIGNATURE_METHOD, 1, 1},
    {3, DS, "Reference", STRUCTURE_REFERENCE, 1, 1},
    {0},
};

static const StructureChild prefixes[] = {
    {1, SAML_NS_EXC_C14N, "InclusiveNamespaces", STRUCTURE_PREFIXES, 0, 1}, {0}};

static const StructureChild reference[] = {
    {1, DS, "Transforms", STRUCTURE_TRANSFORMS, 1, 1},
    {2, DS, "DigestMethod", STRUCTURE_DIGEST, 1, 1},
    {3, DS, "DigestValue", STRUCTURE_SIGNATURE_TEXT, 1, 1},
    {0},
};

static const StructureChild transforms[] = {{1, DS, "Transform", STRUCTURE_TRANSFORM, 2, 2}, {0}};

/* C26: nothing that points elsewhere. KeyInfo is a hint, and never followed. */
static const StructureChild key_info[] = {
    {1, DS, "KeyName", STRUCTURE_TEXT, 0, 1},
    {1, DS, "KeyValue", STRUCTURE_KEY_VALUE, 0, 1},
    {1, DS, "X509Data", STRUCTURE_X509, 0, MANY},
    {0},
};

static const StructureChild key_value[] = {{1, DS, "RSAKeyValue", STRUCTURE_RSA, 1, 1}, {0}};
static const StructureChild rsa[] = {
    {1, DS, "Modulus", STRUCTURE_TEXT, 1, 1}, {2, DS, "Exponent", STRUCTURE_TEXT, 1, 1}, {0}};

static const StructureChild x509[] = {
    {1, DS, "X509Certificate", STRUCTURE_TEXT, 0, MANY},
    {1, DS, "X509IssuerSerial", STRUCTURE_X509_SERIAL, 0, MANY},
    {1, DS, "X509SKI", STRUCTURE_TEXT, 0, MANY},
    {1, DS, "X509SubjectName", STRUCTURE_TEXT, 0, MANY},
    {1, DS, "X509CRL", STRUCTURE_TEXT, 0, MANY},
    {0},
};

static const StructureChild x509_serial[] = {
    {1, DS, "X509IssuerName", STRUCTURE_TEXT, 1, 1}, {2, DS, "X509SerialNumber", STRUCTURE_TEXT, 1, 1}, {0}};

static const StructureChild encrypted_assertion[] = {
    {1, XENC, "EncryptedData", STRUCTURE_ENCRYPTED_DATA, 1, 1},
    {2, XENC, "EncryptedKey", STRUCTURE_ENCRYPTED_KEY, 0, MANY},
    {0},
};

static const StructureChild encrypted_data[] = {
    {1, XENC, "EncryptionMethod", STRUCTURE_CIPHER, 1, 1},
    {2, DS, "KeyInfo", STRUCTURE_DATA_KEY_INFO, 0, 1},
    {3, XENC, "CipherData", STRUCTURE_CIPHER_DATA, 1, 1},
    {0},
};

static const StructureChild data_key_info[] = {
    {1, XENC, "EncryptedKey", STRUCTURE_ENCRYPTED_KEY, 0, MANY},
    {1, DS, "KeyName", STRUCTURE_TEXT, 0, 1},
    {1, DS, "X509Data", STRUCTURE_X509, 0, MANY},
    {0},
};

static const StructureChild encrypted_key[] = {
    {1, XENC, "EncryptionMethod", STRUCTURE_TRANSPORT, 1, 1},
    {2, DS, "KeyInfo", STRUCTURE_KEY_INFO, 0, 1},
    {3, XENC, "CipherData", STRUCTURE_CIPHER_DATA, 1, 1},
    {4, XENC, "ReferenceList", STRUCTURE_REFERENCE_LIST, 0, 1},
    {5, XENC, "CarriedKeyName", STRUCTURE_TEXT, 0, 1},
    {0},
};

static const StructureChild transport[] = {{1, DS, "DigestMethod", STRUCTURE_TRANSPORT_DIGEST, 0, 1}, {0}};
static const StructureChild cipher_data[] = {{1, XENC, "CipherValue", STRUCTURE_TEXT, 1, 1}, {0}};
static const StructureChild reference_list[] = {{1, XENC, "DataReference", STRUCTURE_DATA_REFERENCE, 1, MANY},
                                                {0}};

static const StructureRule rules[STRUCTURES] = {
    [STRUCTURE_RESPONSE] = {{"ID", "Version", "IssueInstant"},
                            {"InResponseTo", "Destination", "Consent"},
                            .children = response,
                            .check = saml_structure_check_version},
    [STRUCTURE_LOGOUT_REQUEST] = {{"ID", "Version", "IssueInstant"},
                                  {"Destination", "Consent", "Reason", "NotOnOrAfter"},
                                  .children = logout_request,
                                  .check = saml_structure_check_version},
    [STRUCTURE_LOGOUT_RESPONSE] = {{"ID", "Version", "IssueInstant"},
                                   {"InResponseTo", "Destination", "Consent"},
                                   .children = logout_response,
                                   .check = saml_structure_check_version},
    [STRUCTURE_STATUS] = {.children = status},
    [STRUCTURE_STATUS_CODE] = {{"Value"}, .children = status_code},
    [STRUCTURE_ASSERTION] = {{"ID", "Version", "IssueInstant"},
                             .children = assertion,
                             .check = saml_structure_check_version},
    [STRUCTURE_NAME_ID] = {.optional = {"Format", "NameQualifier", "SPNameQualifier", "SPProvidedID"},
                           .content = STRUCTURE_HAS_TEXT},
    [STRUCTURE_SUBJECT] = {.children = subject},
    [STRUCTURE_CONFIRMATION] = {{"Method"}, .children = confirmation},
    [STRUCTURE_CONFIRMATION_DATA] = {.optional = {"NotBefore", "NotOnOrAfter", "Recipient", "InResponseTo",
                                                  "Address"}},
    [STRUCTURE_CONDITIONS] = {.optional = {"NotBefore", "NotOnOrAfter"},
                              .children = conditions,
                              .unknown = SAML_CONDITION_UNKNOWN},
    [STRUCTURE_AUDIENCES] = {.children = audiences},
    [STRUCTURE_PROXY] = {.optional = {"Count"}, .children = proxy},
    [STRUCTURE_AUTHN] = {{"AuthnInstant"}, {"SessionIndex", "SessionNotOnOrAfter"}, .children = authn},
    [STRUCTURE_LOCALITY] = {.optional = {"Address", "DNSName"}},
    [STRUCTURE_CONTEXT] = {.children = context},
    [STRUCTURE_ATTRIBUTES] = {.children = attributes},
    /* Shibboleth and AD FS say by foreign attributes how a value is encoded and who said it first. */
    [STRUCTURE_ATTRIBUTE] = {{"Name"},
                             {"NameFormat", "FriendlyName"},
                             .foreign = TRUE,
                             .children = attribute},
    [STRUCTURE_VALUE] = {.foreign = TRUE,
                         .content = STRUCTURE_HAS_ANYTHING,
                         .check = saml_structure_check_value},

    [STRUCTURE_SIGNATURE] = {.optional = {"Id"}, .children = signature, .failure = SAML_SIG_PROFILE},
    [STRUCTURE_SIGNED_INFO] = {.optional = {"Id"}, .children = signed_info, .failure = SAML_SIG_PROFILE},
    [STRUCTURE_CANONICAL] = {{"Algorithm"}, .children = prefixes, .failure = SAML_SIG_PROFILE},
    /* A child could only weaken it: HMACOutputLength, parameters of PSS. */
    [STRUCTURE_SIGNATURE_METHOD] = {{"Algorithm"}, .failure = SAML_SIG_ALG},
    [STRUCTURE_REFERENCE] = {{"URI"}, {"Id", "Type"}, .children = reference, .failure = SAML_SIG_PROFILE},
    [STRUCTURE_TRANSFORMS] = {.children = transforms, .failure = SAML_SIG_PROFILE},
    [STRUCTURE_TRANSFORM] = {{"Algorithm"}, .children = prefixes, .failure = SAML_SIG_PROFILE},
    [STRUCTURE_PREFIXES] = {.optional = {"PrefixList"}, .failure = SAML_SIG_PROFILE},
    [STRUCTURE_DIGEST] = {{"Algorithm"}, .failure = SAML_SIG_PROFILE},
    [STRUCTURE_SIGNATURE_TEXT] = {.content = STRUCTURE_HAS_TEXT, .failure = SAML_SIG_PROFILE},
    [STRUCTURE_SIGNATURE_VALUE] = {.optional = {"Id"},
                                   .content = STRUCTURE_HAS_TEXT,
                                   .failure = SAML_SIG_PROFILE},
    [STRUCTURE_KEY_INFO] = {.optional = {"Id"}, .children = key_info},
    [STRUCTURE_KEY_VALUE] = {.children = key_value},
    [STRUCTURE_RSA] = {.children = rsa},
    [STRUCTURE_X509] = {.children = x509},
    [STRUCTURE_X509_SERIAL] = {.children = x509_serial},

    [STRUCTURE_ENCRYPTED_ASSERTION] = {.children = encrypted_assertion},
    [STRUCTURE_ENCRYPTED_DATA] = {.optional = {"Id", "Type", "MimeType", "Encoding"},
                                  .children = encrypted_data,
                                  .check = saml_structure_check_data_type},
    [STRUCTURE_DATA_KEY_INFO] = {.optional = {"Id"}, .children = data_key_info},
    [STRUCTURE_ENCRYPTED_KEY] = {.optional = {"Id", "Type", "MimeType", "Encoding", "Recipient"},
                                 .children = encrypted_key},
    [STRUCTURE_CIPHER] = {{"Algorithm"}, .failure = SAML_ENC_ALG, .check = saml_structure_check_cipher},
    [STRUCTURE_TRANSPORT] = {{"Algorithm"},
                             .children = transport,
                             .failure = SAML_ENC_ALG,
                             .check = saml_structure_check_transport},
    [STRUCTURE_TRANSPORT_DIGEST] = {{"Algorithm"},
                                    .failure = SAML_ENC_ALG,
                                    .check = saml_structure_check_transport_digest},
    [STRUCTURE_CIPHER_DATA] = {.children = cipher_data},
    [STRUCTURE_REFERENCE_LIST] = {.children = reference_list},
    [STRUCTURE_DATA_REFERENCE] = {{"URI"}},

    [STRUCTURE_TEXT] = {.content = STRUCTURE_HAS_TEXT},
    [STRUCTURE_EMPTY] = {.children = NULL},
    [STRUCTURE_OPEN] = {.content = STRUCTURE_HAS_ANYTHING},
};

const StructureRule *saml_structure_rule(StructureKind kind) {
  return &rules[kind];
}
