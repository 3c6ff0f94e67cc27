/* What `gatepost init` would do: found out first, shown, then done. */
#pragma once

#include "cmd/app.h"
#include "lib/settings.h"

typedef struct {
  char *config, *keys_dir; /* paths */
  char *text;              /* of the settings file to be written; NULL: it is there */
  Settings *settings;      /* of that file, or of the one that is there */
  gboolean keys_missing, roles_missing, may_make_roles, granted;
  guint pending; /* migrations */
} InitPlan;

typedef struct {
  const char *config, *keys_dir;
  const char *public_url, *database; /* NULL: not given */
} InitWishes;

/* Looks at files and database; changes nothing. NULL with REFUSED when the settings file that is there says otherwise. */
InitPlan *init_plan_new(const InitWishes *wishes, Db **db, GError **error);
void init_plan_free(InitPlan *plan);
gboolean init_plan_is_empty(const InitPlan *plan);
/* {"plan": [{"mark": "+", "what": …}]} */
json_t *init_plan_json(const InitPlan *plan);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(InitPlan, init_plan_free)
