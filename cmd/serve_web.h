/* What `gatepost serve` answers to browsers: SAML and the portal, on the listener that SCIM has. */
#pragma once

#include "cmd/serve_state.h"
#include "lib/settings.h"

/* Pages, verifier (its processes start with the first message) and service. FALSE with an error. */
gboolean serve_web_start(ServeState *state, const Settings *settings, GError **error);
/* Stops what runs by itself; before the listener is freed. */
void serve_web_stop(ServeState *state);
/* After the listener is gone. */
void serve_web_clear(ServeState *state);
/* The rooms' tables of routes into tables[2], and a row that ends it. */
void serve_web_tables(ServeState *state, HttpTable tables[3]);
