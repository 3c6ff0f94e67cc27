/* The column list of every read of people and groups, so that one row reader serves them all (scim/store.h). */
#pragma once

#define SCIM_MICROSECONDS(column) "(extract(epoch FROM " column ") * 1000000)::bigint"

/* The groups a person is in, as compact JSON text with complete $ref. base is its parameter ("$4"). */
#define SCIM_GROUPS_OF_USER(base)                                                                        \
  "(SELECT '[' || "                                                                                      \
  "string_agg(format('{\"value\":\"%s\",\"$ref\":\"%s/Groups/%s\",\"display\":%s,\"type\":\"direct\"}'," \
  " g.group_id, " base "::text, g.group_id, to_json(g.display_name)), ',' ORDER BY g.seq) || ']'"        \
  " FROM scim_member m JOIN scim_group g ON g.org_id = m.org_id AND g.group_id = m.group_id"             \
  " WHERE m.org_id = u.org_id AND m.member_id = u.user_id)"

/* The members of a group: live ones by id, then pending ones by value. */
#define SCIM_MEMBERS_OF_GROUP(base)                                                                      \
  "(SELECT '[' || string_agg(x.member, ',' ORDER BY x.live DESC, x.value COLLATE \"C\") || ']' FROM ("   \
  "SELECT true AS live, m.member_id::text AS value,"                                                     \
  " CASE m.kind WHEN 'u' THEN "                                                                          \
  "format('{\"value\":\"%s\",\"$ref\":\"%s/Users/%s\",\"display\":%s,\"type\":\"User\"}',"               \
  " m.member_id, " base                                                                                  \
  "::text, m.member_id, to_json(coalesce(u.doc::json ->> 'displayName', u.user_name)))"                  \
  " ELSE format('{\"value\":\"%s\",\"$ref\":\"%s/Groups/%s\",\"display\":%s,\"type\":\"Group\"}',"       \
  " m.member_id, " base "::text, m.member_id, to_json(n.display_name)) END AS member FROM scim_member m" \
  " LEFT JOIN scim_user u ON m.kind = 'u' AND u.org_id = m.org_id AND u.user_id = m.member_id"           \
  " LEFT JOIN scim_group n ON m.kind = 'g' AND n.org_id = m.org_id AND n.group_id = m.member_id"         \
  " WHERE m.org_id = g.org_id AND m.group_id = g.group_id"                                               \
  " UNION ALL SELECT false, p.value, format('{\"value\":%s%s,\"type\":\"User\"}', to_json(p.value),"     \
  " ',\"display\":' || to_json(p.display)) FROM scim_pending_member p"                                   \
  " WHERE p.org_id = g.org_id AND p.group_id = g.group_id) x)"

#define SCIM_USER_COLUMNS(linked) \
  "u.user_id, u.doc, " linked     \
  ", u.version, " SCIM_MICROSECONDS("u.created_at") ", " SCIM_MICROSECONDS("u.modified_at")
#define SCIM_GROUP_COLUMNS(linked) \
  "g.group_id, g.doc, " linked     \
  ", g.version, " SCIM_MICROSECONDS("g.created_at") ", " SCIM_MICROSECONDS("g.modified_at")
