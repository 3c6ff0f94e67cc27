/* What may be done a little later: marking answered creates as acknowledged, last uses of tokens, folding totals, dropping
 * write_request rows after seven days and tombstones after thirty, audit partitions. One timer calls it. */
#pragma once

#include "scim/service.h"

typedef struct ScimAcks ScimAcks;
typedef struct ScimTokenUses ScimTokenUses;

ScimAcks *scim_acks_new(void);
void scim_acks_free(ScimAcks *acks);
/* The answer to this create was handed to the network. Thread-safe, bounded (over 100,000 the oldest are dropped: they
 * then heal ten minutes like lost ones). */
void scim_acks_add(ScimAcks *acks, gint64 org_id, const char *request_id);

ScimTokenUses *scim_token_uses_new(void);
void scim_token_uses_free(ScimTokenUses *uses);
void scim_token_uses_add(ScimTokenUses *uses, gint64 org_id, gint64 token_id, const char *ip,
                         const char *agent);

/* Every second or so: acknowledgements; every fifth call token uses; every minute the rest. Errors are logged and retried. */
void scim_housekeeping_run(ScimService *service, guint64 tick);
