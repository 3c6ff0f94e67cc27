"""Each leniency: on, it is accepted and counted; off (--without NAME), it is refused in words."""

import itertools
import re
import urllib.request
import uuid

import pytest

from checks import ok, refused
from stack import scim

numbers = itertools.count(1)


def fresh():
    return f"d{next(numbers)}-{uuid.uuid4().hex[:8]}@example.org"


def make_user(client):
    return ok(client.post("/Users", scim.user(fresh())), 201)["id"]


def make_group(client):
    return ok(client.post("/Groups", scim.group(fresh())), 201)["id"]


def patch_user(*operations):
    return lambda client: client.patch(f"/Users/{make_user(client)}", list(operations))


def patch_group(*operations):
    return lambda client: client.patch(f"/Groups/{make_group(client)}", list(operations))


def post_user(**more):
    return lambda client: client.post("/Users", scim.user(fresh(), **more))


def search(expression):
    return lambda client: client.search("Users", expression)


def no_schemas(client):
    return client.post("/Users", {"userName": fresh()})


def echo_id(client):
    group = make_group(client)
    return client.patch(f"/Groups/{group}", [{"op": "replace", "value": {"id": group, "displayName": fresh()}}])


def put_group_without_members(client):
    group = ok(client.post("/Groups", scim.group(name := fresh(), members=[])), 201)["id"]
    return client.put(f"/Groups/{group}", scim.group(name, externalId="x"))


def put_user_without_active(client):
    user = ok(client.post("/Users", scim.user(name := fresh(), active=False)), 201)
    body = scim.user(name)
    del body["active"]
    return client.put(f"/Users/{user['id']}", body)


def no_content_type(client):
    return client.post("/Users", b'{"schemas":["%s"],"userName":"%s"}' % (scim.USER.encode(), fresh().encode()))


MANAGER = f"{scim.ENTERPRISE}:manager"
# name → a request that needs it; the refusal without it (None: no refusal, the plain meaning of the RFC applies).
CASES = {
    "op-case": (patch_user({"op": "Replace", "path": "title", "value": "x"}), "invalidSyntax"),
    "boolean-strings": (patch_user({"op": "replace", "path": "active", "value": "False"}), "invalidValue"),
    "array-for-single": (patch_user({"op": "add", "path": "title", "value": ["x"]}), "invalidValue"),
    "single-for-array": (post_user(emails={"value": "a@example.org"}), "invalidValue"),
    "string-for-complex": (patch_user({"op": "add", "path": MANAGER, "value": "boss"}), "invalidValue"),
    "create-on-miss": (patch_user({"op": "replace", "path": 'emails[type eq "work"].value', "value": "a@x.example"}), "noTarget"),
    "dotted-keys": (patch_user({"op": "replace", "value": {"name.givenName": "B"}}), None),
    "remove-by-value": (patch_group({"op": "remove", "path": "members", "value": [{"value": "a"}]}), "invalidValue"),
    "readonly-echo": (echo_id, "mutability"),
    "empty-clears": (post_user(title=""), None),
    "unknown-attributes": (post_user(nosuch="x"), "invalidValue"),
    "unknown-schemas": (lambda c: c.post("/Users", {"schemas": [scim.USER, "urn:x:y"], "userName": fresh()}), "invalidValue"),
    "missing-schemas": (no_schemas, "invalidValue"),
    "password-ignored": (post_user(password="secret"), None),
    "op-extras": (patch_user({"op": "add", "path": "title", "value": "x", "name": "y"}), "invalidSyntax"),
    "pending-members": (patch_group({"op": "add", "path": "members", "value": [{"value": "nobody"}]}), "invalidValue"),
    "put-keeps-members": (put_group_without_members, None),
    "put-keeps-active": (put_user_without_active, None),
    "filter-bare-value": (search("userName eq ada"), "invalidFilter"),
    "filter-boolean-string": (search('active eq "True"'), "invalidFilter"),
    "filter-subattribute": (search('emails[type eq "work"].value eq "x"'), "invalidFilter"),
    "filter-spacing": (search('userName eq"ada"'), "invalidFilter"),
    "filter-complex": (search('manager eq "x"'), "invalidFilter"),
    "extension-names": (search('manager.value eq "x"'), "invalidFilter"),
    "content-type": (no_content_type, None),
}


def counted(gatepost, name):
    text = urllib.request.urlopen(f"http://{gatepost.admin}/metrics").read().decode()
    match = re.search(r'^gatepost_scim_leniency_total\{name="%s"\} (\S+)$' % re.escape(name), text, re.M)
    return float(match.group(1)) if match else 0.0


@pytest.mark.parametrize("name", CASES)
def test_leniency_on_is_accepted_and_counted(tenant, name):
    before = counted(tenant.gatepost, name)
    answer = CASES[name][0](tenant.client)
    assert answer.status in (200, 201, 204), answer
    assert counted(tenant.gatepost, name) > before


@pytest.fixture(scope="module")
def without(tenant):
    made = {}

    def client(name):
        if name not in made:
            made[name] = tenant.with_token("--without", name)
        return made[name]
    return client


@pytest.mark.parametrize("name", [n for n, (_, refusal) in CASES.items() if refusal])
def test_leniency_off_is_refused(tenant, without, name):
    refused(CASES[name][0](without(name)), 400, CASES[name][1])


@pytest.mark.parametrize("name", [n for n, (_, refusal) in CASES.items() if refusal])
def test_strict_profile_refuses(tenant, strict, name):
    request, refusal = CASES[name]
    refused(request(strict), 400, refusal)


@pytest.fixture(scope="module")
def strict(tenant):
    return tenant.with_token("--profile", "strict")


def test_strict_answers_415_without_a_content_type(strict):
    refused(no_content_type(strict), 415)


def test_strict_put_follows_the_rfc(strict, tenant):
    """Members that a PUT leaves out are cleared; active that it leaves out is the default again."""
    user = make_user(strict)
    group = ok(strict.post("/Groups", scim.group(name := fresh(), members=[{"value": user}])), 201)["id"]
    ok(strict.put(f"/Groups/{group}", scim.group(name)))
    assert tenant.sql("SELECT count(*) FROM scim_member WHERE group_id = %s", group) == [(0,)]


def test_strict_password_is_refused(strict):
    assert post_user(password="x")(strict).status == 400


def test_bearer_forms(tenant):
    secret = tenant.token
    for value in (f"Bearer {secret}", f"bearer {secret}", f"Bearer Bearer {secret}", secret):
        ok(scim.Client(tenant.gatepost.scim_base).get("/Users?count=0", headers={"Authorization": value}))
    secret, _ = tenant.new_token("--without", "bearer-forms")
    ok(scim.Client(tenant.gatepost.scim_base).get("/Users?count=0", headers={"Authorization": f"Bearer {secret}"}))
    for value in (f"Bearer Bearer {secret}", secret):
        refused(scim.Client(tenant.gatepost.scim_base).get("/Users", headers={"Authorization": value}), 401)


def test_every_leniency_is_tried_here(tenant):
    """The program's own list, so that a new one cannot go untested."""
    listed = tenant.gatepost.cli.run("scim-token", "create", "--org", tenant.org, "--source", "main", "--name", "x",
                                     "--without", "0123456789").stderr
    names = {n for n in re.findall(r"[a-z]+(?:-[a-z]+)+", listed)}
    for name in (*CASES, "bearer-forms"):
        assert name in names, f"{name} is not among the leniencies that scim-token create names"


def test_unknown_leniency_has_a_suggestion(tenant):
    done = tenant.gatepost.cli.run("scim-token", "create", "--org", tenant.org, "--source", "main", "--name", "x", "--without", "op-cas")
    assert done.returncode == 2 and "op-case" in done.stderr
