/* Every metric family of the process, and the gauges that are read when somebody asks. */
#pragma once

#include "cmd/serve_state.h"

/* Ends with name NULL. */
const MetricsFamily *serve_metrics_families(void);
/* Sets the gauges from the state. Called with its lock held. */
void serve_metrics_collect(ServeState *state);
