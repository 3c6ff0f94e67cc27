/* The admin listener's pages: /livez (the process turns), /readyz (send it requests), /metrics. */
#pragma once

#include "cmd/serve_state.h"

/* Ends with name NULL; their app is a ServeState. */
const HttpRoute *serve_health_routes(void);
const HttpPolicy *serve_health_policy(void);
