/* What is made once for a connection's version (SamlTrust of saml/verifier/verify.h): for the files of this folder that use its parts. One
 * thread. */
#pragma once

#include "saml/verifier/decrypt.h"
#include "saml/verifier/second.h"
#include "saml/verifier/signature.h"
#include "saml/verifier/verify.h"

struct SamlTrust {
  SamlKeys *keys;
  SamlSecond *second;
  SamlOpener *opener; /* may have no key: then nothing encrypted opens */
  SamlSigner *signer; /* the current of ours; NULL: we cannot sign */
};
