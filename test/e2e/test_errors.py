"""Refusals: the right status and scimType, a detail that names attribute and operation and ends with its code."""

import uuid

import pytest

from checks import ok, refused
from stack import scim


@pytest.fixture(scope="module")
def user(tenant):
    return ok(tenant.client.post("/Users", scim.user("errors@example.org", emails=[{"value": "a@example.org", "type": "work"}])), 201)


@pytest.fixture(scope="module")
def group(tenant):
    return ok(tenant.client.post("/Groups", scim.group("errors")), 201)


BODIES = [  # what is posted as a user, status, scimType, words of the detail
    (b"", 400, "invalidSyntax", []),
    (b"{", 400, "invalidSyntax", []),
    (b"[]", 400, "invalidSyntax", []),
    (b"\xef\xbb\xbf{}", 400, "invalidSyntax", []),
    (b'{"userName":"a","userName":"b"}', 400, "invalidSyntax", ["userName"]),
    (b'{"userName":"a","USERNAME":"b"}', 400, "invalidSyntax", ["USERNAME"]),
    (b'{"userName":"a\\u0000b"}', 400, "invalidSyntax", []),
    (b'{"userName":"\\ud800"}', 400, "invalidSyntax", []),
    (b'{"userName":"x","title":NaN}', 400, "invalidSyntax", []),
    (b"[" * 40 + b"]" * 40, 400, "invalidSyntax", ["32"]),
    (b'{"x":[' + b"{}," * 600000 + b"{}]}", 413, None, ["values"]),
    ({"schemas": [scim.USER]}, 400, "invalidValue", ["userName"]),
    ({"schemas": [scim.USER], "userName": ""}, 400, "invalidValue", ["userName"]),
    ({"schemas": [scim.USER], "userName": 7}, 400, "invalidValue", ["userName", "7"]),
    ({"schemas": [scim.USER], "userName": "a\nb"}, 400, "invalidValue", ["userName"]),
    ({"schemas": [scim.USER], "userName": "x" * 2000}, 400, "invalidValue", ["userName"]),
    ({"schemas": [scim.GROUP], "userName": "x"}, 400, "invalidValue", [scim.USER]),
    ({"schemas": [scim.USER, scim.USER], "userName": "x"}, 400, "invalidValue", ["schemas"]),
    ({"schemas": [scim.USER], "userName": "x", "active": "maybe"}, 400, "invalidValue", ["active", "maybe"]),
    ({"schemas": [scim.USER], "userName": "x", "active": 1}, 400, "invalidValue", ["active"]),
    ({"schemas": [scim.USER], "userName": "x", "emails": [{"value": "a"}, {"value": True}]}, 400, "invalidValue", ["emails[1].value"]),
    ({"schemas": [scim.USER], "userName": "x", "emails": [{"value": "a", "primary": True}, {"value": "b", "primary": True}]},
     400, "invalidValue", ["emails", "primary"]),
    ({"schemas": [scim.USER], "userName": "x", "name": "Ada"}, 400, "invalidValue", ["name"]),
    ({"schemas": [scim.USER], "userName": "x", "x509Certificates": [{"value": "not base64!"}]}, 400, "invalidValue", ["x509Certificates"]),
]


@pytest.mark.parametrize("body,status,scim_type,words", BODIES, ids=[str(n) for n in range(len(BODIES))])
def test_bodies(client, tenant, body, status, scim_type, words):
    before = tenant.sql("SELECT count(*) FROM scim_user WHERE org_id = %s", tenant.org_id)
    answer = client.post("/Users", body, headers={"Content-Type": "application/scim+json"})
    refused(answer, status, scim_type, *words)
    assert tenant.sql("SELECT count(*) FROM scim_user WHERE org_id = %s", tenant.org_id) == before


PATCHES = [  # operations on a user, scimType, words
    ([{"op": "replace", "path": "userName"}], "invalidValue", ["Operations[0]", "userName"]),
    ([{"op": "move", "path": "title", "value": "x"}], "invalidSyntax", ["Operations[0]", "move"]),
    ([{"path": "title", "value": "x"}], "invalidSyntax", ["Operations[0]", "op"]),
    ([{"op": "add", "path": "title", "value": "x"}, {"op": "remove"}], "noTarget", ["Operations[1]"]),
    ([{"op": "add", "path": "title", "value": "x"}, {"op": "add", "path": "emails[", "value": "x"}], "invalidFilter", ["Operations[1]"]),
    ([{"op": "add", "path": "em ails", "value": "x"}], "invalidPath", ["Operations[0]", "em ails"]),
    ([{"op": "add", "path": "emails..value", "value": "x"}], "invalidPath", ["Operations[0]", "emails..value"]),
    ([{"op": "replace", "path": "id", "value": "x"}], "mutability", ["Operations[0]", "id"]),
    ([{"op": "replace", "path": "groups", "value": []}], "mutability", ["Operations[0]", "groups"]),
    ([{"op": "remove", "path": "userName"}], "mutability", ["Operations[0]", "userName"]),
    ([{"op": "replace", "path": "active", "value": "perhaps"}], "invalidValue", ["Operations[0]", "active", "perhaps"]),
    ([{"op": "replace", "path": "emails", "value": [{"value": 1}]}], "invalidValue", ["Operations[0]", "emails"]),
    ([{"op": "replace", "path": "name.givenName", "value": {}}], "invalidValue", ["Operations[0]", "name.givenName"]),
    ([], "invalidSyntax", ["Operations"]),
    ([{"op": "add", "path": "title", "value": "x"}] * 1001, "tooMany", ["1000"]),
]


@pytest.mark.parametrize("operations,scim_type,words", PATCHES, ids=[str(n) for n in range(len(PATCHES))])
def test_patches_are_refused_whole(client, tenant, user, operations, scim_type, words):
    before = tenant.sql("SELECT version, doc FROM scim_user WHERE user_id = %s", user["id"])
    refused(client.patch(f"/Users/{user['id']}", operations), 400, scim_type, *words)
    assert tenant.sql("SELECT version, doc FROM scim_user WHERE user_id = %s", user["id"]) == before


def test_member_values_are_immutable(client, group):
    refused(client.patch(f"/Groups/{group['id']}", [{"op": "replace", "path": 'members[value eq "a"].value', "value": "b"}]), 400, "mutability")


FILTERS = [
    ('userName xx "a"', "invalidFilter", ["xx"]), ("userName eq", "invalidFilter", []), ('userName eq "a', "invalidFilter", []),
    ('usrName eq "a"', "invalidFilter", ["usrName", "userName"]), ("active gt true", "invalidFilter", ["active"]),
    ('(userName eq "a"', "invalidFilter", []), ('meta.created gt "yesterday"', "invalidFilter", ["yesterday"]),
    (" and ".join(['title eq "a"'] * 300), "tooMany", ["200"]), ("(" * 30 + 'title eq "a"' + ")" * 30, "tooMany", []),
    ('title eq "' + "x" * 9000 + '"', "tooMany", ["8192"]),
]


@pytest.mark.parametrize("expression,scim_type,words", FILTERS, ids=[e[:30] for e, _, _ in FILTERS])
def test_filters(client, expression, scim_type, words):
    refused(client.search("Users", expression), 400, scim_type, *words)


def test_a_filter_on_password_is_sensitive(client):
    refused(client.search("Users", 'password eq "x"'), 403, "sensitive")


def test_injection_is_only_text(client):
    for text in ("x' OR '1'='1", "x\\\" or 1", "%", "_", "'; DROP TABLE scim_user; --", "\\u0027"):
        answer = client.search("Users", 'userName eq "' + text.replace("\\", "\\\\").replace('"', '\\"') + '"')
        assert ok(answer)["totalResults"] == 0


@pytest.mark.parametrize("query,words", [("startIndex=a", ["startIndex"]), ("count=1.5", ["count"]),
                                         ("attributes=id&excludedAttributes=id", ["attributes"])])
def test_list_parameters(client, query, words):
    refused(client.get("/Users?" + query), 400, "invalidValue", *words)


def test_preconditions(client, user):
    path = f"/Users/{user['id']}"
    etag = ok(client.get(path))["meta"]["version"]
    assert client.get(path, headers={"If-None-Match": etag}).status == 304
    assert client.get(path, headers={"If-None-Match": 'W/"99", ' + etag}).status == 304
    assert client.get(path, headers={"If-None-Match": "*"}).status == 304
    ok(client.get(path, headers={"If-None-Match": 'W/"99"'}))
    change = {"schemas": [scim.PATCH], "Operations": [{"op": "replace", "path": "title", "value": uuid.uuid4().hex}]}
    refused(client.request("PATCH", path, change, headers={"If-Match": 'W/"99"'}), 412)
    changed = ok(client.request("PATCH", path, change, headers={"If-Match": etag}))
    assert changed["meta"]["version"] != etag
    refused(client.request("PUT", path, scim.user("errors@example.org"), headers={"If-Match": etag}), 412)
    refused(client.request("DELETE", path, headers={"If-Match": etag}), 412)
    ok(client.request("PATCH", path, change, headers={"If-Match": "*"}))


def test_media_types(client):
    body = b'{"userName":"mt@example.org","schemas":["%s"]}' % scim.USER.encode()
    refused(client.post("/Users", body, headers={"Content-Type": "text/plain"}), 415)
    refused(client.post("/Users", body, headers={"Content-Type": "application/json; charset=utf-16"}), 415)
    ok(client.post("/Users", body, headers={"Content-Type": "application/json;charset=UTF-8"}), 201)


def test_endpoints(client, tenant):
    refused(client.get("/Nothing"), 404)
    refused(client.get("/Me"), 501)
    refused(client.post("/Bulk", {"schemas": []}), 501)
    answer = client.request("POST", "/Users/" + str(uuid.uuid4()), {})
    refused(answer, 405)
    assert set(answer.headers["allow"].replace(" ", "").split(",")) >= {"GET", "PUT", "PATCH", "DELETE"}
    refused(client.request("POST", "/Schemas", {}), 405)
    for path in ("/Schemas", "/ResourceTypes"):
        refused(client.get(path + "?filter=name%20eq%20%22x%22"), 403)
    refused(client.get("/Schemas/urn:no:such"), 404)
    refused(client.get("/ResourceTypes/Nothing"), 404)
    anonymous = scim.Client(tenant.gatepost.scim_base)
    config = ok(anonymous.get("/ServiceProviderConfig"))
    for key in ("patch", "bulk", "filter", "changePassword", "sort", "etag", "authenticationSchemes"):
        assert key in config
    for path in ("/Users/", "//Users", "/Users//"):
        ok(client.get(path))


AUTHORIZATIONS = [None, "", "Basic YTpi", "Bearer", "Bearer ", "Bearer x", "Bearer gps_" + "a" * 49, "Digest x"]


@pytest.mark.parametrize("value", AUTHORIZATIONS, ids=[repr(v) for v in AUTHORIZATIONS])
def test_authorizations(tenant, value):
    answer = scim.Client(tenant.gatepost.scim_base).get("/Users", headers={"Authorization": value} if value is not None else {})
    refused(answer, 401)
    assert answer.headers["www-authenticate"].startswith("Bearer")
