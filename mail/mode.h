/* Authentication modes: what governs sign-ins that did not come with a token of ours. Set for an organisation, a mail group or
 * one person; the nearest wins. Each change is recorded with what it was before, and can be undone step by step. */
#pragma once

#include <jansson.h>

#include "mail/scope.h"

typedef enum { MAIL_MODE_ORG, MAIL_MODE_GROUP, MAIL_MODE_USER } MailModeScope;

typedef struct {
  MailModeScope scope;
  const char *id;   /* group or user; NULL for the organisation */
  const char *name; /* as people call it */
} MailModeTarget;

/* "observe", "directory", "idp"; "default" (a group's or person's own mode is taken away) gives *mode NULL. FALSE with INPUT. */
gboolean mail_mode_parse(const char *text, MailModeScope scope, const char **mode, GError **error);

/* {organisation, groups: [{group, mode}], people: [{user, mode}]}. */
json_t *mail_mode_show(const MailScope *scope, GError **error);
/* {scope, name, before, after}. NULL with NOT_FOUND when the group is no mail group, or the person has no mailbox. */
json_t *mail_mode_set(const MailScope *scope, const MailModeTarget *target, const char *mode, GError **error);
/* Takes the last change back that was not taken back yet; the same answer. NULL with REFUSED when none is left. */
json_t *mail_mode_undo(const MailScope *scope, GError **error);
