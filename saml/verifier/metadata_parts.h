/* The parts of one entity. For saml/verifier/metadata_read.c alone. */
#pragma once

#include "saml/metadata.h"
#include "saml/report.h"
#include "saml/verifier/structure.h"

typedef struct {
  const SamlMetadataWish *wish;
  gint64 now_us;
  SamlIdpMetadata *metadata;
  GPtrArray *warnings; /* char * */
  SamlReport *report;
} SamlMetadataWork;

void saml_metadata_warn(SamlMetadataWork *work, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* validUntil and cacheDuration of one element on the way to the role; the earliest of all holds. FALSE: it is over, or unreadable (C97). */
gboolean saml_metadata_read_dates(SamlMetadataWork *work, const xmlNode *element);
/* Certificates of an IDPSSODescriptor that signatures may be verified by (C45, C48, A131). FALSE: none. */
gboolean saml_metadata_read_keys(SamlMetadataWork *work, const xmlNode *role);
/* Where to send people. FALSE: nowhere, or to an address that must not be (C101). */
gboolean saml_metadata_read_endpoints(SamlMetadataWork *work, const xmlNode *role);
