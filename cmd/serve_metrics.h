/* Every metric family of the process, and the gauges that are read when somebody asks. */
#pragma once

#include "cmd/serve_state.h"

/* Ends with name NULL. */
const MetricsFamily *serve_metrics_families(void);
/* Sets what the database tells: how much is held. Of the housekeeping timer, without the lock; tick: its count. */
void serve_metrics_look(ServeState *state, guint64 tick);
/* Sets the gauges from the state. Called with its lock held. */
void serve_metrics_collect(ServeState *state);
