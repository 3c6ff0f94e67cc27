"""What many tests ask of an answer."""

import re

from stack import scim

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def ok(answer, status=200):
    """The JSON body of an answer that must have this status; None for an empty one."""
    assert answer.status == status, answer
    if not answer.body:
        return None
    assert answer.headers["content-type"].startswith("application/scim+json"), answer.headers
    return answer.json


def refused(answer, status, scim_type=None, *words):
    """A SCIM Error (RFC 7644 §3.12) with this status and scimType, whose detail has these words and ends with its code."""
    assert answer.status == status, answer
    assert answer.headers["content-type"].startswith("application/scim+json"), answer.headers
    body = answer.json
    assert body["schemas"] == [scim.ERROR]
    assert body["status"] == str(status), "status is a string"
    assert body.get("scimType") == scim_type, body
    assert re.search(r" \(GP-\d{4}\)$", body["detail"]), body["detail"]
    for word in words:
        assert word in body["detail"], f"{word!r} is not in: {body['detail']}"
    return body


def listing(answer, total=None):
    """The resources of a ListResponse."""
    body = ok(answer)
    assert body["schemas"] == [scim.LIST]
    for name in ("totalResults", "startIndex", "itemsPerPage"):
        assert isinstance(body[name], int), name
    resources = body.get("Resources", [])
    assert body["itemsPerPage"] == len(resources)
    if total is not None:
        assert body["totalResults"] == total, body
    return resources


def members_in_database(tenant, group_id):
    """(live ids, pending values) of a group."""
    live = tenant.sql("SELECT member_id::text FROM scim_member WHERE group_id = %s", group_id)
    pending = tenant.sql("SELECT value FROM scim_pending_member WHERE group_id = %s", group_id)
    return {row[0] for row in live}, {row[0] for row in pending}


def user_in_database(tenant, user_id):
    """user_name, active, version, doc (parsed), extra of a person; None when there is no such row."""
    rows = tenant.sql("SELECT user_name, active, version, doc::json, extra FROM scim_user WHERE user_id = %s", user_id)
    return rows[0] if rows else None
