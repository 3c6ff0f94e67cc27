"""The worker on a real database: from a push to the mailbox and the mail store, leavers, the guard, several workers, kill -9.
The mail store is one of the customer's own, reached by the webhook driver."""

import random
import threading
import time

import pytest

from conftest import new_gatepost
from mail_world import NOT_FOUND, PARTLY, REFUSED, Worker, World, wait
from stack import host, recorder


@pytest.fixture(scope="module")
def mail(run_dir, cluster):
    """A gatepost of its own: workers look at every organisation of their database."""
    instance = new_gatepost(run_dir / "mail", cluster, "mail")
    instance.start()
    yield instance
    assert instance.stop() == 0


@pytest.fixture(scope="module")
def store(mail):
    store = recorder.Recorder()
    key = mail.folder / "hook.key"
    key.write_text(store.secret + "\n")
    host.give(key)
    mail.cli.json("backend", "add", "hook", "--kind", "webhook", "--url", store.url, "--secret-file", str(key))
    yield store
    store.stop()
    assert store.forged == 0


@pytest.fixture
def world(mail, store, cluster):
    return World(mail, cluster)


@pytest.fixture
def worker(mail):
    worker = Worker(mail, "w1")
    time.sleep(0.5)
    yield worker
    if worker.process.poll() is None:
        assert worker.stop() == 0


# Joiners, movers

def test_push_makes_a_mailbox_within_two_seconds(world, store, worker):
    person = world.person("ada")
    took = wait(lambda: world.box(person) and world.box(person)[3], 5)
    assert took <= 2
    assert world.box(person)[:4] == (f"ada@{world.domain}", "active", True, True)
    assert store.mailboxes[f"ada@{world.domain}"] == {
        "open": True, "quota": 1 << 30, "aliases": [], "generation": 1, "id": world.box(person)[4]}


def test_once_makes_everything_and_then_has_nothing_to_do(world, store):
    world.people(5)
    assert world.once()["create"] == 5
    calls = len(store.calls)
    assert world.once() == {"keep": 5, "held": 0}
    assert len(store.calls) == calls


def test_plan_changes_nothing(world):
    world.people(3)
    plan = world.cli("sync", "plan")
    assert [step["action"] for step in plan["steps"]] == ["create"] * 3
    assert world.states() == {}
    assert world.run("sync", "plan", "--exit-code").returncode == PARTLY


def test_aliases_follow_the_other_emails(world, store):
    person = world.person("eve", emails=[{"value": f"eve@{world.domain}", "primary": True},
                                         {"value": f"e.v@{world.domain}"}, {"value": "eve@elsewhere.example"}])
    world.once()
    assert world.cli("mailbox", "show", f"e.v@{world.domain}")["aliases"] == [f"e.v@{world.domain}"]
    world.patch(f"/Users/{person['id']}", {"op": "replace", "path": "emails", "value": [{"value": f"eve@{world.domain}"}]})
    world.once()
    assert world.sql("SELECT kind FROM mail_address WHERE address = %s", f"e.v@{world.domain}") == [("resting",)]
    assert store.mailboxes[f"eve@{world.domain}"]["aliases"] == []


def test_rename_keeps_the_mailbox_and_the_old_address(world, store):
    person = world.person("old")
    world.once()
    before = world.box(person)
    home = world.sql("SELECT home FROM mailbox WHERE mailbox_id = %s", before[4])
    world.patch(f"/Users/{person['id']}", {"op": "replace", "path": "userName", "value": f"new@{world.domain}"})
    assert world.once()["rename"] == 1
    after = world.box(person)
    assert after[0] == f"new@{world.domain}" and after[4] == before[4]
    assert world.sql("SELECT home FROM mailbox WHERE mailbox_id = %s", before[4]) == home
    assert world.sql("SELECT kind, until > now() + interval '89 days' FROM mail_address WHERE address = %s",
                     f"old@{world.domain}") == [("former", True)]
    assert f"old@{world.domain}" not in store.mailboxes and f"new@{world.domain}" in store.mailboxes


def test_a_freed_address_rests_and_nobody_gets_a_second_best_one(world):
    first = world.person("sam")
    world.once()
    world.patch(f"/Users/{first['id']}", {"op": "replace", "path": "userName", "value": f"samuel@{world.domain}"})
    world.once()
    second = world.person("sam")
    plan = world.cli("sync", "plan")
    assert [(s["action"], s["address"]) for s in plan["steps"]] == [("collide", f"sam@{world.domain}")]
    assert f"samuel@{world.domain}" in plan["steps"][0]["why"]
    world.once()
    assert world.box(second) is None
    world.sql("UPDATE mail_address SET until = now() WHERE address = %s", f"sam@{world.domain}")
    world.once()
    assert world.box(second) is None  # now it rests
    world.sql("UPDATE mail_address SET until = now() WHERE address = %s", f"sam@{world.domain}")
    world.once()
    assert world.box(second)[0] == f"sam@{world.domain}"
    homes = world.sql("SELECT home FROM mailbox WHERE user_id IN (%s, %s)", first["id"], second["id"])
    assert len(set(homes)) == 2  # never the mail of the former owner


def test_an_override_survives_every_push(world, store):
    person = world.person("quo")
    world.once()
    world.cli("mailbox", "set", f"quo@{world.domain}", "--quota", "7G")
    world.cli("mail-group", "template", world.group["displayName"], "--quota", "2G")
    world.patch(f"/Users/{person['id']}", {"op": "replace", "path": "displayName", "value": "Quo"})
    world.once()
    assert store.mailboxes[f"quo@{world.domain}"]["quota"] == 7 << 30
    world.cli("mailbox", "set", f"quo@{world.domain}", "--quota", "template")
    world.once()
    assert store.mailboxes[f"quo@{world.domain}"]["quota"] == 2 << 30


def test_adopting_takes_what_matches_and_leaves_the_rest(world, mail):
    person = world.person("known", join=False, emails=[{"value": f"second@{world.domain}"}])
    names = mail.folder / "list.txt"
    names.write_text(f"# old server\nknown@{world.domain}\ninfo@{world.domain}\n")
    host.give(names)
    plan = world.cli("mailbox", "adopt", str(names), "--plan")
    assert plan["counts"] == {"exact": 1, "alias": 0, "unsure": 0, "none": 1} and world.states() == {}
    world.cli("mailbox", "adopt", str(names), "--yes")
    world.once()
    assert world.box(person)[:2] == (f"known@{world.domain}", "active")
    assert len(world.cli("mailbox", "list")["mailboxes"]) == 1


# Leavers

def test_leaver_and_return(world, store, worker):
    person = world.person("lee")
    address = f"lee@{world.domain}"
    wait(lambda: world.box(person) and world.box(person)[3])
    world.active(person, False)
    assert wait(lambda: not store.mailboxes[address]["open"], 5) <= 2
    wait(lambda: world.box(person)[3])
    before = world.box(person)
    assert before[:4] == (address, "disabled", False, True)
    shown = world.cli("mailbox", "show", address)
    assert shown["doors"]["sign-in"]["state"] == "shut" and shown["doors"]["sessions"]["state"] == "shut"
    assert shown["why"] == "inactive in the directory"
    assert world.cli("user", "show", address)["mailbox"]["doors"] == shown["doors"]
    world.active(person, True)
    assert wait(lambda: store.mailboxes[address]["open"], 5) <= 2
    wait(lambda: world.box(person)[3])
    assert world.box(person) == (address, "active", True, True, before[4])


def test_a_deleted_person_who_comes_back_finds_the_same_mailbox(world):
    person = world.person("dee")
    world.once()
    before = world.box(person)
    assert world.tenant.client.request("DELETE", f"/Users/{person['id']}").status == 204
    world.once()
    assert world.box(person)[1] == "disabled"
    again = world.person("dee")
    world.once()
    after = world.box(again)
    assert after[:2] == (before[0], "active") and after[4] == before[4] and world.box(person) is None


def test_flood_of_leavers_is_cut_at_once_and_held_above_the_cap(world, store):
    people = world.people(25)
    world.once()
    for person in people[:20]:
        world.active(person, False)
    counts = world.once(REFUSED)
    assert counts["disable"] == 10 and counts["held"] == 10
    assert world.states() == {("active", False): 10, ("active", True): 5, ("disabled", False): 10}
    assert sum(store.mailboxes[p["userName"]]["open"] for p in people) == 5  # sessions of all twenty were cut
    held = world.held()
    assert {row["cause"] for row in held} == {"inactive"}
    # Looking again changes nothing and counts nothing twice.
    assert "disable" not in world.once(REFUSED) and len(world.held()) == 10
    # One comes back by the directory: nothing is left of it.
    back = next(p for p in people if p["userName"] == held[0]["person"])
    world.active(back, True)
    world.once(REFUSED)
    assert world.box(back)[1:3] == ("active", True) and len(world.held()) == 9
    # Two are meant so, the others are lent their sign-ins.
    ids = [row["id"] for row in world.held()]
    world.cli("sync", "approve", *ids[:2])
    world.cli("sync", "reject", "--all")
    world.once()
    assert world.states() == {("active", True): 13, ("disabled", False): 12}
    # The loan ends: above the cap they are held again, and shut.
    world.sql("UPDATE mailbox SET lent_until = now() - interval '1 second' WHERE lent_until IS NOT NULL")
    world.once(REFUSED)
    assert world.states() == {("active", False): 7, ("active", True): 6, ("disabled", False): 12}


def test_emptied_group_is_held_whatever_the_cap_says(world, store):
    people = world.people(3)
    world.once()
    world.patch(f"/Groups/{world.group['id']}", {"op": "remove", "path": "members"})
    assert world.once(REFUSED)["held"] == 3
    assert world.states() == {("active", True): 3}  # they go on
    assert {row["cause"] for row in world.held()} == {"vanished"}
    world.cli("sync", "reject", "--all")
    world.once()
    assert world.states() == {("active", True): 3}
    world.sql("UPDATE mailbox SET lent_until = NULL WHERE lent_until IS NOT NULL")
    world.once(REFUSED)
    world.cli("sync", "approve", "--all")
    world.once()
    assert world.states() == {("disabled", False): 3}
    world.join(*people)
    world.once()
    assert world.states() == {("active", True): 3}


def test_vanished_group_is_held(world):
    world.people(2)
    world.once()
    assert world.tenant.client.request("DELETE", f"/Groups/{world.group['id']}").status == 204
    world.once(REFUSED)
    assert world.states() == {("active", True): 2}
    assert world.sql("SELECT vanished_at IS NOT NULL FROM mail_group g JOIN org o USING (org_id) WHERE o.name = %s",
                     world.org) == [(True,)]


def test_leaving_the_group_is_a_change_below_the_cap(world):
    people = world.people(4)
    world.once()
    world.leave(people[0])
    assert world.once()["disable"] == 1
    assert world.box(people[0])[1] == "disabled"


def test_nothing_follows_from_an_empty_organisation(world, mail):
    """Absence is never a delete: an organisation whose worker finds no people keeps every mailbox."""
    world.people(3)
    world.once()
    world.sql("UPDATE mailbox SET user_id = NULL WHERE org_id = (SELECT org_id FROM org WHERE name = %s)", world.org)
    world.sql("DELETE FROM scim_member m USING org o WHERE o.org_id = m.org_id AND o.name = %s", world.org)
    world.once()
    assert world.states() == {("active", True): 3}


def test_tokens_sleep_and_are_revoked_after_the_grace(world):
    person = world.person("tok")
    world.once()
    org_id = world.sql("SELECT org_id FROM org WHERE name = %s", world.org)[0][0]
    world.sql("INSERT INTO mail_token (org_id, user_id, name, hash, hash_grouped, hint, protocols, created_by)"
              " VALUES (%s, %s, 'phone', sha256('a'), sha256('b'), 'abcd', '{imap}', 'test')", org_id, person["id"])
    world.active(person, False)
    world.once()
    assert world.sql("SELECT revoked_at FROM mail_token WHERE org_id = %s", org_id) == [(None,)]
    world.sql("UPDATE mailbox SET disabled_at = now() - interval '8 days' WHERE org_id = %s", org_id)
    world.once()
    assert world.sql("SELECT revoked_at IS NOT NULL, revoked_why FROM mail_token WHERE org_id = %s", org_id) == [
        (True, "the mailbox is disabled: inactive in the directory")]


def test_who_returns_after_a_purge_keeps_new_tokens(world):
    person = world.person("ret")
    world.once()
    world.sql("UPDATE mailbox SET state = 'purged', open = false, disabled_at = now() - interval '60 days' WHERE user_id = %s", person["id"])
    world.sql("DELETE FROM mail_address WHERE address = %s", person["userName"])
    world.cli("sync", "plan")
    world.once()
    assert world.box(person)[1] == "active"
    world.cli("pat", "create", person["userName"], "--name", "new")
    world.once()
    assert world.sql("SELECT revoked_at FROM mail_token WHERE user_id = %s", person["id"]) == [(None,)]


def test_purge_only_after_retention_and_approval(world, store):
    person = world.person("gone")
    address = f"gone@{world.domain}"
    world.once()
    world.active(person, False)
    world.once()
    world.sql("UPDATE mailbox SET disabled_at = now() - interval '31 days' WHERE user_id = %s", person["id"])
    world.once(REFUSED)
    purge, = world.held()
    assert purge["action"] == "purge" and address in store.mailboxes
    refused = world.run("sync", "approve", "--all")
    assert refused.returncode == NOT_FOUND and "GP-4303" in refused.stderr and "--all never destroys mail" in refused.stderr
    world.once(REFUSED)
    assert address in store.mailboxes and len(world.held()) == 1
    world.cli("sync", "approve", purge["id"])
    world.once()
    assert address not in store.mailboxes and store.count("purge", address) == 1
    assert world.sql("SELECT state FROM mailbox WHERE user_id = %s", person["id"]) == [("purged",)]
    assert world.sql("SELECT kind FROM mail_address WHERE address = %s", address) == [("resting",)]


def test_approving_everything_leaves_the_purges(world):
    gone, *others = world.people(3)
    world.once()
    world.active(gone, False)
    world.once()
    world.sql("UPDATE mailbox SET disabled_at = now() - interval '31 days' WHERE user_id = %s", gone["id"])
    world.patch(f"/Groups/{world.group['id']}", {"op": "remove", "path": "members"})
    world.once(REFUSED)
    assert sorted(row["action"] for row in world.held()) == ["disable", "disable", "purge"]
    done = world.run("sync", "approve", "--all")
    assert done.returncode == 0 and "Approve them by their ids" in done.stdout + done.stderr
    assert [row["action"] for row in world.held()] == ["purge"]
    assert world.states() == {("disabled", False): 3}
    assert world.cli("sync", "reject", "--all") == {"rejected": 1} and world.held() == []


def test_a_purge_that_is_held_no_more_destroys_nothing(world):
    """The person came back after the admin's command had read the list."""
    person = world.person("late")
    world.once()
    world.active(person, False)
    world.once()
    world.sql("UPDATE mailbox SET disabled_at = now() - interval '31 days' WHERE user_id = %s", person["id"])
    world.once(REFUSED)
    purge, = world.held()
    told = []
    command = threading.Thread(target=lambda: told.append(world.run("sync", "approve", purge["id"])))
    with world.cluster.session(world.database) as cursor:
        cursor.execute("BEGIN")
        cursor.execute("SELECT 1 FROM mailbox WHERE user_id = %s FOR UPDATE", (person["id"],))
        command.start()
        wait(lambda: world.sql("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")
             == [(1,)])
        cursor.execute("DELETE FROM mail_held WHERE held_id = %s", (purge["id"],))
        cursor.execute("COMMIT")
    command.join()
    assert told[0].returncode == NOT_FOUND and "GP-4303" in told[0].stderr
    assert world.box(person)[1] == "disabled"
    assert world.sql("SELECT count(*) FROM audit WHERE action = 'sync.approve' AND subject = %s", person["id"]) == [(0,)]


def test_sessions_of_a_mailbox_that_stays_open_are_ended_once(world, store):
    world.person("cut")
    address = f"cut@{world.domain}"
    world.once()
    world.sql("UPDATE mailbox SET cut = true, desired_gen = desired_gen + 1, dirty_since = now() WHERE address = %s", address)
    world.once()
    world.cli("mailbox", "set", address, "--quota", "7G")
    world.once()
    assert store.count("cut", address) == 1 and store.mailboxes[address]["open"] and store.mailboxes[address]["quota"] == 7 << 30
    assert world.sql("SELECT cut, applied_gen FROM mailbox WHERE address = %s", address) == [(False, 3)]


# Trouble

def test_store_out_of_order_is_partly_done_and_comes_right(world, store):
    person = world.person("tro")
    store.broken = True
    try:
        counts = world.once(PARTLY)
        assert counts["create"] == 1 and counts["failed"] >= 1
        assert world.box(person)[1:4] == ("active", True, False)
        assert "503" in world.cli("mailbox", "show", f"tro@{world.domain}")["error"]
    finally:
        store.broken = False
    time.sleep(11)  # the breaker
    world.sql("UPDATE mailbox SET not_before = NULL WHERE user_id = %s", person["id"])
    world.once()
    assert world.box(person)[3]


def test_pause_and_resume(world):
    world.people(1)
    world.cli("sync", "pause")
    world.once()
    assert world.states() == {}
    world.cli("sync", "resume")
    assert world.once()["create"] == 1


def test_a_pause_stops_no_cutting(world, store, worker):
    contained, quiet = world.person("eve"), world.person("quo2")
    wait(lambda: all(world.box(p) and world.box(p)[3] for p in (contained, quiet)))
    world.cli("sync", "pause")
    world.cli("mailbox", "set", quiet["userName"], "--quota", "7G")
    world.cli("user", "contain", contained["userName"], "--why", "laptop stolen")
    wait(lambda: not store.mailboxes[contained["userName"]]["open"], 5)
    time.sleep(1.5)
    assert store.mailboxes[quiet["userName"]]["quota"] == 1 << 30, "the rest waits"
    # A purge waits too, although its mailbox is shut.
    world.sql("UPDATE mailbox SET state = 'purged', desired_gen = desired_gen + 1 WHERE user_id = %s", contained["id"])
    time.sleep(1.5)
    assert contained["userName"] in store.mailboxes
    world.cli("sync", "resume")
    wait(lambda: store.mailboxes[quiet["userName"]]["quota"] == 7 << 30 and contained["userName"] not in store.mailboxes)


def test_history_names_what_was_done(world):
    world.people(2)
    world.once()
    runs = world.cli("sync", "history")["runs"]
    assert runs[0]["trigger"] == "once" and runs[0]["counts"]["create"] == 2
    assert world.sql("SELECT count(*) FROM audit a JOIN org o USING (org_id) WHERE o.name = %s AND kind = 'sync'"
                     " AND action = 'mailbox.create'", world.org) == [(2,)]


# Death; several workers: test_mail_fleet.py

def test_killed_again_and_again_it_converges_and_does_nothing_twice(world, mail, store):
    world.sql("UPDATE mail_setting SET guard_count = 5 WHERE org_id = (SELECT org_id FROM org WHERE name = %s)", world.org)
    rng = random.Random(11)
    people = world.people(30)
    store.delay = 0.005
    try:
        for turn in range(50):
            worker = Worker(mail, "victim")
            person = people[turn % len(people)]
            if turn % 5 == 4:
                world.patch(f"/Users/{person['id']}", {"op": "replace", "path": "displayName", "value": f"turn {turn}"})
            if turn == 25:
                for leaver in people[:12]:
                    world.active(leaver, False)
            time.sleep(rng.uniform(0.02, 0.25))
            worker.kill()
    finally:
        store.delay = 0
    world.sql("UPDATE mailbox SET lease_until = NULL, not_before = NULL")
    world.once(REFUSED)
    # At most five were disabled whatever died when; the rest is held, all twelve doors are shut.
    assert world.states() == {("active", False): 7, ("active", True): 18, ("disabled", False): 5}
    assert len(world.held()) == 7
    assert world.sql("SELECT count(*), count(DISTINCT mailbox_id) FROM mail_loss l JOIN org o USING (org_id)"
                     " WHERE o.name = %s", world.org) == [(5, 5)]
    for person in people:
        kept = store.mailboxes.get(person["userName"], {"open": False})  # who left before it was made has none there
        assert kept["open"] == (person not in people[:12])
        assert world.sql("SELECT count(*) FROM audit WHERE action = 'mailbox.create' AND subject = %s", person["id"]) == [(1,)]
