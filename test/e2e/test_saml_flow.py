"""Signing in as people do: the provider of every kind of message, the portal, sessions and their ends; and whoever may not."""

import concurrent.futures
import time
import urllib.parse

import pytest

from conftest import new_gatepost, new_tenant
from saml_world import SamlWorld
from stack import browser, saml_forge as forge, scim


@pytest.fixture(scope="module")
def world(gatepost, cluster, run_dir):
    return SamlWorld(new_tenant(gatepost, cluster), run_dir)


@pytest.fixture
def ada(world):
    return world.person()


def sign_in(world, person, who=None, target=None, **said):
    """The page at which the browser ends up; the browser."""
    asked = world.ask(who, target=target)
    return world.answer(asked, world.good(asked, person["userName"], **said)), asked.browser


def patch(world, person, **values):
    answer = world.tenant.client.request("PATCH", f"/Users/{person['id']}", {
        "schemas": [scim.PATCH], "Operations": [{"op": "replace", "value": values}]})
    assert answer.status in (200, 204), answer


# ---- in

def test_a_person_signs_in_and_sees_the_portal(world, ada):
    page, who = sign_in(world, ada)
    assert page.status == 200 and page.url == f"{world.base}/portal"
    assert ada["displayName"] in page.text and "this browser" in page.text
    assert world.sessions()[-1] == (ada["id"], None)


def test_every_page_is_closed_to_caches_frames_and_scripts_of_others(world, ada):
    page, who = sign_in(world, ada)
    for shown in (page, who.once(f"{world.base}/portal/sign-in"), who.once(f"{world.base}/saml/nowhere/start"),
                  who.once(world.acs), who.once(f"{world.base}/saml/{world.slug}/start")):
        assert shown.headers["Cache-Control"] == "no-store", shown
        policy = shown.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "unsafe" not in policy


def test_the_session_cookie_is_ours_alone(world, ada):
    _, who = sign_in(world, ada)
    cookie = who.cookies()["__Host-gatepost"]
    assert cookie.secure and cookie.path == "/" and not cookie.domain_specified
    assert cookie.get_nonstandard_attr("SameSite") == "Lax" and cookie.has_nonstandard_attr("HttpOnly")
    ask = who.cookies()["__Host-gatepost-ask"]
    assert ask.secure and ask.get_nonstandard_attr("SameSite") == "None" and ask.has_nonstandard_attr("HttpOnly")
    stored = world.sql("SELECT encode(hash, 'hex'), pickup FROM web_session ORDER BY created_at DESC LIMIT 1")[0]
    assert cookie.value not in stored and stored[1] is None


def test_a_deep_link_survives(world, ada):
    page, _ = sign_in(world, ada, target="/portal?from=letter")
    assert page.url == f"{world.base}/portal?from=letter"


def test_whoever_asks_for_a_page_first_comes_back_to_it(world, ada, gatepost, cluster, run_dir):
    SamlWorld(new_tenant(gatepost, cluster), run_dir)  # so that there is something to choose from
    page = browser.Browser().get(f"{world.base}/portal?from=letter")
    assert page.form().fields["target"] == "/portal?from=letter"


@pytest.mark.parametrize("target", [
    "//evil.example", "///evil.example", "http:evil.example", "\\\\evil.example", "https:/evil.example", "javascript:alert(1)",
    "/%2f%2fevil.example", "/x\r\nSet-Cookie: a=b", "https://sp@evil.example", "https://ev\u00edl.example", "/\\evil.example", "/%5cevil.example",
    "https://evil.example", "/saml/x/slo", "data:text/html,x"])
def test_A120_nobody_is_sent_elsewhere(world, ada, target):
    page, _ = sign_in(world, ada, target=target)
    assert page.url == f"{world.base}/portal"
    assert all(hop.url.startswith(world.base) for hop in page.hops)


def test_a_tile_at_the_provider_starts_a_round_of_ours(world, ada):
    """An unsolicited Response is never accepted as such; the person notices nothing but a redirect."""
    who = browser.Browser()
    asked = world.ask(browser.Browser())
    message = world.idp.signed(world.idp.response(world, time.time(), ada["userName"], in_response_to=None))
    page = who.once(world.acs, forge.post_form(message, "/portal?tile=1"))
    assert page.status == 303 and page.headers["Location"] == f"/saml/{world.slug}/start?target=%2Fportal%3Ftile%3D1"
    assert world.signed_in(who) is None and world.last_failure() == "irt_missing"
    again = world.ask(who, target="/portal?tile=1")
    page = world.answer(again, world.good(again, ada["userName"]))
    assert page.url == f"{world.base}/portal?tile=1"
    # A provider that only ever says so does not turn people in circles.
    looping = browser.Browser()
    world.ask(looping)
    message = world.idp.signed(world.idp.response(world, time.time(), ada["userName"], in_response_to=None))
    assert looping.once(world.acs, forge.post_form(message, None)).status == 403
    assert asked.id != again.id


def test_the_organisations_own_address_and_the_domain_typed_lead_to_its_provider(world, gatepost, cluster, run_dir):
    SamlWorld(new_tenant(gatepost, cluster), run_dir)  # so that there is something to choose from
    who = browser.Browser()
    page = who.once(f"{world.base}/portal/o/{world.tenant.org}?target=/portal")
    assert page.headers["Location"].startswith(f"/saml/{world.slug}/start")
    form_page = who.get(f"{world.base}/portal")
    assert form_page.status == 200 and "/portal/sign-in" in form_page.url
    page = who.submit(form_page, follow=False, address=f"anybody@{world.domain}")
    assert page.onward.startswith(f"/saml/{world.slug}/start")
    page = who.submit(form_page, follow=False, address="somebody@nowhere.example")
    assert page.status == 404 and page.onward is None
    page = who.submit(form_page, follow=False, address="<script>alert(1)</script>")
    assert "<script>alert" not in page.body
    assert who.once(f"{world.base}/portal/o/nobody").status == 404


# ---- not in

def refused(world, page, failure):
    assert page.status == 403, page
    assert world.last_failure() == failure
    trace = world.sql("SELECT trace FROM saml_trace WHERE failure IS NOT NULL ORDER BY at DESC LIMIT 1")[0][0]
    assert trace in page.text


def test_somebody_unknown(world):
    page, _ = sign_in(world, {"userName": world.address("stranger")})
    refused(world, page, "subject_unknown")
    kind, detail = world.sql("SELECT kind, detail FROM audit WHERE kind = 'AUTHENTICATION' ORDER BY at DESC LIMIT 1")[0]
    assert (detail["auth_successful"], detail["auth_failed_reason"], detail["protocol"]) == (0, "subject_unknown", "WebMail")


def test_A96_somebody_inactive(world, ada):
    patch(world, ada, active=False)
    page, _ = sign_in(world, ada)
    refused(world, page, "user_disabled")


def test_A91_a_domain_that_is_not_proved(world):
    page, _ = sign_in(world, {"userName": "alice@victim.example"})
    refused(world, page, "domain_unverified")


def test_A92_nobody_of_another_organisation(world, gatepost, cluster, run_dir):
    other = SamlWorld(new_tenant(gatepost, cluster), run_dir)
    theirs = other.person()
    page, _ = sign_in(world, theirs)
    assert page.status == 403 and world.last_failure() in ("domain_unverified", "subject_unknown")


def test_A94_another_name_for_somebody_bound(world, ada):
    assert sign_in(world, ada)[0].status == 200
    renamed = {**ada, "userName": world.address("renamed-" + ada["userName"].split("@")[0])}
    patch(world, ada, userName=renamed["userName"])
    page, _ = sign_in(world, renamed)
    refused(world, page, "subject_changed")


def test_A95_a_newcomer_with_the_name_of_somebody_else_is_not_let_into_their_account(world, ada):
    assert sign_in(world, ada)[0].status == 200
    patch(world, ada, userName=world.address("moved-" + ada["userName"].split("@")[0]))
    newcomer = world.person(ada["userName"].split("@")[0], externalId="newcomer-" + ada["id"])
    page, _ = sign_in(world, newcomer)
    refused(world, page, "subject_changed")
    assert (newcomer["id"], None) not in world.sessions()


def test_A71_A72_an_answer_in_another_browser(world, ada):
    asked = world.ask()
    message = world.good(asked, ada["userName"])
    stranger = browser.Browser()
    page = world.answer(asked, message, who=stranger)
    refused(world, page, "browser_mismatch")
    other = world.ask()
    page = world.answer(asked, message, who=other.browser)
    refused(world, page, "browser_mismatch")
    # Nothing was used up: the one who asked gets in.
    assert world.answer(asked, message).url == f"{world.base}/portal"


def test_A73_two_tabs(world, ada):
    who = browser.Browser()
    first, second = world.ask(who), world.ask(who, target="/portal?tab=2")
    assert world.answer(second, world.good(second, ada["userName"])).url == f"{world.base}/portal?tab=2"
    assert world.answer(first, world.good(first, ada["userName"])).url == f"{world.base}/portal"


def test_A75_a_session_cookie_that_was_there_before_means_nothing(world, ada):
    asked = world.ask()
    page = asked.browser.once(world.acs, forge.post_form(world.good(asked, ada["userName"]), asked.relay_state),
                              headers={"Cookie": f"__Host-gatepost={'A' * 43}; __Host-gatepost-ask="
                                                 + asked.browser.cookies()["__Host-gatepost-ask"].value})
    page = asked.browser.follow(page)
    assert page.status == 200 and asked.browser.cookies()["__Host-gatepost"].value != "A" * 43


def test_a_handle_is_good_once_and_in_one_browser(world, ada):
    asked = world.ask()
    page = world.answer(asked, world.good(asked, ada["userName"]), follow=False)
    handle = urllib.parse.urljoin(world.base, page.headers["Location"])
    assert browser.Browser().once(handle).status == 403
    assert asked.browser.once(handle).status == 303
    assert asked.browser.once(handle).status == 403


# ---- once

def test_A65_fifty_at_once(world, ada):
    asked = world.ask()
    fields = forge.post_form(world.good(asked, ada["userName"]), asked.relay_state)
    before = len(world.sessions())

    def post(_):
        one = browser.Browser()
        for cookie in asked.browser.jar:
            one.jar.set_cookie(cookie)
        return one.once(world.acs, fields).status

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        statuses = list(pool.map(post, range(50)))
    assert statuses.count(303) == 1 and set(statuses) <= {303, 403, 503}, statuses
    assert len(world.sessions()) == before + 1


def test_A65_another_server_has_seen_it_too(world, ada, gatepost, run_dir):
    from stack import server
    twin = server.Server(run_dir / "twin", gatepost.settings["database"],
                         {"public_url": world.base, "keys_dir": gatepost.settings["keys_dir"]}).write_config()
    twin.start()
    try:
        asked = world.ask()
        fields = forge.post_form(world.good(asked, ada["userName"]), asked.relay_state)
        cookie = {"Cookie": "__Host-gatepost-ask=" + asked.browser.cookies()["__Host-gatepost-ask"].value}
        there = browser.Browser().once(f"http://{twin.address}/saml/{world.slug}/acs", fields, headers=cookie)
        assert there.status == 303, there
        here = asked.browser.once(world.acs, fields)
        assert here.status == 403 and world.last_failure() == "irt_reused"
    finally:
        assert twin.stop() == 0


# ---- out

def test_leaving_ends_the_session_at_once_and_for_good(world, ada):
    _, who = sign_in(world, ada)
    assert world.signed_in(who)
    patch(world, ada, active=False)
    assert world.signed_in(who) is None
    patch(world, ada, active=True)
    assert world.signed_in(who) is None
    assert (ada["id"], "left") in world.sessions()


def test_being_deleted_ends_it(world, ada):
    _, who = sign_in(world, ada)
    assert world.tenant.client.request("DELETE", f"/Users/{ada['id']}").status == 204
    assert world.signed_in(who) is None


def test_a_connection_that_is_off_has_no_sessions(gatepost, cluster, run_dir):
    world = SamlWorld(new_tenant(gatepost, cluster), run_dir)
    _, who = sign_in(world, world.person())
    assert world.signed_in(who)
    world.sql("UPDATE saml_connection SET state = 'off' WHERE slug = %s", world.slug)
    assert world.signed_in(who) is None
    page = who.once(f"{world.base}/saml/{world.slug}/start")
    assert page.onward is None and page.status >= 400, page


def test_a_person_ends_another_session_of_theirs(world, ada):
    _, phone = sign_in(world, ada)
    page, laptop = sign_in(world, ada)
    form = next(form for form in page.forms if form.action.endswith("/end"))
    laptop.submit(page, form)
    assert world.signed_in(phone) is None and world.signed_in(laptop)


def test_nobody_ends_the_session_of_somebody_else(world, ada):
    page, who = sign_in(world, ada)
    mine = who.cookies()["__Host-gatepost"].value
    _, other = sign_in(world, world.person())
    theirs = world.sql("SELECT session_id::text FROM web_session ORDER BY created_at DESC LIMIT 1")[0][0]
    token = page.form("csrf").fields["csrf"]
    who.post(f"{world.base}/portal/sessions/{theirs}/end", {"csrf": token})
    assert world.signed_in(other) and mine


def test_an_admin_lists_and_ends_sessions(world, ada):
    _, who = sign_in(world, ada)
    cli = world.gatepost.cli
    listed = cli.json("session", "list", ada["userName"], "--org", world.tenant.org)["sessions"]
    assert [row["user_id"] for row in listed] == [ada["id"]] and listed[0]["connection"] == world.slug
    assert cli.json("session", "revoke", listed[0]["id"], "--org", world.tenant.org) == {"ended": 1}
    assert world.signed_in(who) is None
    assert cli.run("session", "revoke", listed[0]["id"], "--org", world.tenant.org).returncode == 3
    _, who = sign_in(world, ada)
    assert cli.json("session", "revoke", "--all-of", ada["userName"], "--org", world.tenant.org) == {"ended": 1}
    assert world.signed_in(who) is None


def test_a_session_ends_by_time(world, ada):
    soon = forge.stamp(time.time() + 3600)
    _, who = sign_in(world, ada, session_until=soon)
    ends, hours = world.sql("SELECT s.expires_at < now() + interval '61 minutes', c.max_session_hours FROM web_session s "
                            "JOIN saml_connection c USING (org_id, connection_id) ORDER BY s.created_at DESC LIMIT 1")[0]
    assert ends and hours > 1
    world.sql("UPDATE web_session SET expires_at = now() WHERE user_id = %s", ada["id"])
    assert world.signed_in(who) is None


def test_a_sign_in_replaces_the_one_that_the_browser_had(world, ada):
    _, who = sign_in(world, ada)
    sign_in(world, ada, who=who)
    assert [why for user, why in world.sessions() if user == ada["id"]] == ["replaced", None]


# ---- trials

def test_a_trial_shows_what_arrived_and_signs_nobody_in(world, ada):
    asked = world.ask(path="test")
    page = world.answer(asked, world.good(asked, ada["userName"]))
    assert page.status == 200 and "The sign-in works" in page.text
    assert world.signed_in(asked.browser) is None
    asked = world.ask(path="test")
    page = world.answer(asked, world.good(asked, world.address("nobody")))
    assert page.status == 200 and "does not work yet" in page.text and world.last_failure() == "subject_unknown"


# ---- PostgreSQL goes away in between

def test_a_sign_in_waits_for_the_database_and_happens_once(cluster, run_dir):
    from stack import postgres
    own = postgres.Postgres(run_dir / "pg-saml").create().start()
    try:
        gatepost = new_gatepost(run_dir / "gatepost-saml", own, "gatepost")
        gatepost.start()
        world = SamlWorld(new_tenant(gatepost, own), run_dir)
        person = world.person()
        asked = world.ask()
        fields = forge.post_form(world.good(asked, person["userName"]), asked.relay_state)
        own.stop("immediate")
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            answer = pool.submit(asked.browser.once, world.acs, fields)
            time.sleep(1)
            own.start()
            page = answer.result()
        assert page.status == 303, page
        again = asked.browser.once(world.acs, fields)
        assert again.status == 403 and world.last_failure() == "irt_reused"
        assert len(world.sessions()) == 1
        assert gatepost.stop() == 0
    finally:
        own.stop("immediate")
