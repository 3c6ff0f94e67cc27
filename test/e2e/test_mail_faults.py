"""The business faults of the fault catalogue, F26 to F31: what an identity provider does wrong, and the state it ends in."""

import itertools
import random
import time

import pytest

from conftest import new_gatepost
from faults_world import DATABASE, House, big_house, house, leave, working  # noqa: F401 (fixtures)
from mail_world import REFUSED, wait
from stack import doveadm, host, scim, server


# F26: a mass deprovision by mistake

def test_F26_a_flood_of_leavers_is_refused_at_once_held_above_the_cap_and_given_back(house, machine):
    people = house.people(24)
    house.once()
    boxes = {p["id"]: house.box(p) for p in people}
    secrets = {p["id"]: house.secret(p) for p in people[:3]}
    sessions = [house.idle(p, secrets[p["id"]]) for p in people[:3]]
    leavers = people[:14]
    for person in leavers:
        house.active(person, False)
    # By the row itself, before any worker looks.
    for person in people[:3]:
        assert "GP-5111" in house.refusal(person, secrets[person["id"]])
    done = house.run("sync", "once", "--json")
    assert done.returncode == REFUSED and "sync_held" in done.stderr and "GP-4302" in done.stderr
    assert house.states() == {("active", True): 10, ("active", False): 4, ("disabled", False): 10}
    assert all(session.ended(5) for session in sessions)
    assert [house.dovecot.who(p["userName"]) for p in leavers] == [0] * 14
    assert [house.tokens(p) for p in people[:3]] == [(1, 0)] * 3  # dormant
    assert {(row["action"], row["cause"]) for row in house.held()} == {("disable", "inactive")} and len(house.held()) == 4
    held = [p for p in leavers if house.box(p)[1] == "active"]
    # An admin gives them their sign-ins back; the others come back with the directory.
    secret = house.secret(held[0])
    house.cli("sync", "reject", "--all")
    house.once()
    assert house.refusal(held[0], secret) is None
    assert house.states() == {("active", True): 14, ("disabled", False): 10} and house.held() == []
    for person in leavers:
        house.active(person, True)
    house.once()
    assert house.states() == {("active", True): 24}
    assert {p["id"]: house.box(p) for p in people} == boxes
    assert all(house.refusal(p, secrets[p["id"]]) is None for p in people[:3])
    assert house.sql("SELECT count(*) FROM mail_held WHERE org_id = %s", house.org_id()) == [(0,)]
    assert house.audit(*leavers)["mailbox.disable"] == 10


def disabled_and_held(house):
    return house.sql("SELECT (SELECT count(*) FROM mailbox WHERE org_id = o.org_id AND state = 'disabled'),"
                     " (SELECT count(*) FROM mail_held WHERE org_id = o.org_id) FROM org o WHERE name = %s", house.org)[0]


# People, leavers → disabled, held: the cap is five per cent of the people.
FLOODS = ((500, 24, 24, 0), (500, 26, 25, 1), (2000, 1001, 100, 901), (10000, 10000, 500, 9500))


def test_F26_up_to_ten_thousand_leavers_two_racing_workers_one_killed_the_cap_counts_right(machine):
    floods = {big_house(machine, people): (leavers, disabled, held) for people, leavers, disabled, held in FLOODS}
    largest = list(floods)[-1]
    try:
        with working(machine, "racer", "victim") as workers:
            for house, (leavers, _, _) in floods.items():
                leave(house, leavers)
            wait(lambda: disabled_and_held(largest)[1] >= 700, 120)
            workers[1].kill()
            largest.sql("UPDATE mail_setting SET reconcile_at = now() WHERE org_id = %s", largest.org_id())
            took = wait(lambda: [disabled_and_held(house) for house in floods] == [wanted[1:] for wanted in floods.values()], 240)
        print(f"time F26 {sum(flood[1] for flood in FLOODS)} leavers planned {took:.1f} s after the kill")
        for house, (_, disabled, held) in floods.items():
            check_flood(house, disabled, held)
    finally:
        for house in floods:
            rest(house)


def check_flood(house, disabled, held):
    assert disabled_and_held(house) == (disabled, held)
    assert house.sql("SELECT count(*), count(DISTINCT mailbox_id) FROM mail_loss WHERE org_id = %s", house.org_id()) == [(disabled, disabled)]
    assert house.sql("SELECT count(*) FROM mail_now n JOIN scim_user u USING (org_id, user_id) WHERE org_id = %s AND NOT u.active AND n.code IS NULL",
                     house.org_id()) == [(0,)]  # none of them signs in
    recorded = house.audit()
    assert (recorded["mailbox.disable"], recorded.get("mailbox.hold", 0)) == (disabled, held)
    assert house.sql("SELECT count(*) FROM mailbox WHERE org_id = %s AND state = 'purged'", house.org_id()) == [(0,)]


def rest(house):
    """No work for the tests that follow, whatever the end."""
    house.cli("sync", "pause")
    house.sql("DELETE FROM mail_change WHERE org_id = %s", house.org_id())
    house.sql("UPDATE mailbox SET applied_gen = desired_gen WHERE org_id = %s AND applied_gen <> desired_gen", house.org_id())


# F27: absence is no delete

@pytest.fixture
def peaceful(machine):
    """Two people, one with a live session, and the doveadm calls counted."""
    house = House(machine)
    people = house.people(2)
    house.once()
    session = house.idle(people[0], house.secret(people[0]))
    yield house, people
    assert house.dovecot.who(people[0]["userName"]) == 1
    session.close()


def test_F27_an_empty_database_gives_no_effect(peaceful, machine, run_dir, cluster):
    store = doveadm.Standin()
    empty = new_gatepost(run_dir / "empty", cluster, "empty")
    key = empty.folder / "keys" / "doveadm.key"
    key.write_text(doveadm.KEY)
    host.give(key)
    empty.cli.json("backend", "add", "dovecot", "--kind", "dovecot", "--url", store.url, "--secret-file", key)
    assert "create" not in empty.cli.json("sync", "once")
    assert store.orders() == []
    store.stop()


def test_F27_a_standby_that_stands_at_an_old_moment_gives_no_effect(peaceful, machine, run_dir, cluster):
    house, people = peaceful
    standby = cluster.standby(run_dir / "standby")
    house.leave(people[1])  # it never hears of that
    try:
        there = server.Server(run_dir / "on-standby", standby.conninfo(DATABASE, "gatepost") + " target_session_attrs=any").write_config()
        done = there.cli.run("sync", "once", "--org", house.org)
        assert done.returncode not in (0, REFUSED), done.stdout
        assert done.stderr.count("GP-") >= 1
        assert house.states() == {("active", True): 2}
    finally:
        standby.stop("immediate")


def test_F27_a_directory_without_its_people_deletes_nobody(peaceful):
    house, people = peaceful
    house.sql("DELETE FROM scim_user WHERE org_id = %s", house.org_id())
    house.once()
    assert house.states() == {("active", True): 2} and house.held() == []
    assert set(house.audit()) == {"mailbox.create"}


# F28: group pushes that are cut short

def slices(house, group, values, size):
    for begin in range(0, len(values), size):
        yield {"op": "add", "path": "members", "value": [{"value": value} for value in values[begin:begin + size]]}


@pytest.mark.parametrize("k", range(0, 5))
def test_F28_a_push_that_dies_after_k_slices_and_is_sent_again_ends_equal(house, k):
    people = [house.person(join=False) for _ in range(10)]
    late = [f"late-{n}-{house.org}" for n in range(2)]  # who are pushed after their group
    values = [p["id"] for p in people] + late
    path = f"/Groups/{house.group['id']}"
    for operation in itertools.islice(slices(house, house.group, values, 3), k):
        house.patch(path, operation)
    house.once()
    assert len(house.states() and house.sql("SELECT 1 FROM mailbox WHERE org_id = %s", house.org_id())) == min(3 * k, 10)
    for operation in slices(house, house.group, values, 3):
        house.patch(path, operation)
    for name in late:
        house.post("/Users", {"schemas": [scim.USER], "userName": f"{name}@{house.domain}", "externalId": name, "active": True})
    house.once()
    pending = house.sql("SELECT count(*) FROM scim_pending_member WHERE org_id = %s", house.org_id())[0][0]
    members = house.sql("SELECT count(*) FROM scim_member WHERE org_id = %s", house.org_id())[0][0]
    assert (members, pending) == (12, 0)
    assert house.states() == {("active", True): 12} and house.audit() == {"mailbox.create": 12}


def test_F28_an_unknown_member_waits_and_a_strict_token_refuses_the_whole_patch(house):
    person = house.person(join=False)
    path = f"/Groups/{house.group['id']}"
    operation = {"op": "add", "path": "members", "value": [{"value": person["id"]}, {"value": "nobody-yet"}]}
    answer = house.tenant.with_token("--strict").request("PATCH", path, {"schemas": [scim.PATCH], "Operations": [operation]})
    assert answer.status == 400
    house.once()
    assert house.states() == {} and house.sql("SELECT count(*) FROM scim_member WHERE org_id = %s", house.org_id()) == [(0,)]
    house.patch(path, operation)
    house.once()
    assert house.states() == {("active", True): 1}
    assert house.sql("SELECT value FROM scim_pending_member WHERE org_id = %s", house.org_id()) == [("nobody-yet",)]


def test_F28_a_replace_with_a_short_list_is_counted_against_the_cap(house):
    people = house.people(30)
    house.once()
    house.patch(f"/Groups/{house.group['id']}", {"op": "replace", "path": "members", "value": [{"value": p["id"]} for p in people[:5]]})
    house.once(REFUSED)
    assert house.states() == {("active", True): 20, ("disabled", False): 10}
    assert [row["cause"] for row in house.held()] == ["scope"] * 15
    house.join(*people[5:])
    house.once()
    assert house.states() == {("active", True): 30} and house.held() == []


# F29: doubled, and out of order

@pytest.mark.parametrize("seed", range(4))
def test_F29_shuffled_and_doubled_deliveries_end_as_the_directory_says(house, seed):
    rng = random.Random(seed)
    people = house.people(5)
    recorded = [(p, {"op": "replace", "path": "active", "value": value}) for p in people for value in (False, True)]
    recorded += [(p, {"op": "replace", "path": "displayName", "value": f"D{n}"}) for n, p in enumerate(people)]
    replayed = recorded * 2
    rng.shuffle(replayed)
    last = {}
    for number, (person, operation) in enumerate(replayed):
        house.patch(f"/Users/{person['id']}", operation)
        if operation["path"] == "active":
            last[person["id"]] = operation["value"]
        if number % 7 == 0:
            house.once()
    house.once()
    for person in people:
        is_active = last[person["id"]]
        assert house.sql("SELECT active FROM scim_user WHERE user_id = %s", person["id"]) == [(is_active,)]
        assert house.box(person)[1:4] == ("active" if is_active else "disabled", is_active, True)
    assert house.sql("SELECT count(*) FROM mailbox WHERE org_id = %s", house.org_id()) == [(5,)]


def test_F29_a_stale_reactivation_does_not_resurrect(house):
    person = house.person()
    house.once()
    secret = house.secret(person)
    path = f"/Users/{person['id']}"
    old = house.tenant.client.get(path).headers["etag"]
    house.active(person, False)
    stale = house.tenant.client.request("PATCH", path, {"schemas": [scim.PATCH], "Operations": [{"op": "replace", "path": "active", "value": True}]},
                                        headers={"If-Match": old})
    assert stale.status == 412
    house.once()
    assert house.box(person)[1:4] == ("disabled", False, True) and "GP-511" in house.refusal(person, secret)
    assert house.tenant.client.request("DELETE", path).status == 204
    assert house.tenant.client.request("PATCH", path, {"schemas": [scim.PATCH], "Operations": [
        {"op": "replace", "path": "active", "value": True}]}).status == 404
    house.once()
    assert house.box(person)[1] == "disabled" and "GP-511" in house.refusal(person, secret)


# F30: renames that collide

def test_F30_no_permutation_of_names_gives_anybody_the_mail_of_another(house):
    triples = [[house.person(f"n{number}{letter}") for letter in "abc"] for number in range(6)]
    house.once()
    everybody = [p for triple in triples for p in triple]
    secrets = {p["id"]: house.secret(p) for p in everybody}
    homes = house.sql("SELECT user_id::text, home FROM mailbox WHERE org_id = %s ORDER BY 1", house.org_id())
    for person in everybody:
        house.deliver(person, f"for {person['id']}")
    for triple, order in zip(triples, itertools.permutations(range(3))):
        rename(house, triple, order)
    house.once()
    assert house.sql("SELECT user_id::text, home FROM mailbox WHERE org_id = %s ORDER BY 1", house.org_id()) == homes
    for person in everybody:
        assert house.subjects(house.box(person)[0], secrets[person["id"]]) == [f"for {person['id']}"]
    # Who wants an address that was another's stays where they are; nobody has two, no address has two.
    assert house.sql("SELECT count(*), count(DISTINCT address) FROM mail_address WHERE org_id = %s AND kind = 'primary'", house.org_id()) == [(18, 18)]
    assert [house.box(p)[0] for p in everybody] == [p["userName"] for p in everybody]


def rename(house, triple, order):
    """Each takes the name of another, by way of names for the moment, as the directory's unique key demands."""
    names = [p["userName"] for p in triple]
    if order != (0, 1, 2):
        taken = house.tenant.client.request("PATCH", f"/Users/{triple[0]['id']}", {"schemas": [scim.PATCH], "Operations": [
            {"op": "replace", "path": "userName", "value": names[1]}]})
        assert taken.status == 409
        for number, person in enumerate(triple):
            house.patch(f"/Users/{person['id']}", {"op": "replace", "path": "userName", "value": f"moment-{number}-{names[number]}"})
    for person, place in zip(triple, order):
        house.patch(f"/Users/{person['id']}", {"op": "replace", "path": "userName", "value": names[place]})


# F31: changes faster than the mail store

@pytest.mark.parametrize("values", [(False, True, False), (True, False, True)], ids=["ends-disabled", "ends-enabled"])
def test_F31_disabled_enabled_disabled_within_a_second_of_a_slow_doveadm(machine, values):
    store = doveadm.Standin("slow", delay=0.4)
    house = House(machine, machine.backend("slow-" + str(values[-1]).lower(), store.url))
    try:
        person = house.person()
        with working(machine, "slow-1", "slow-2"):
            wait(lambda: house.box(person) and house.box(person)[3], 20)
            if values[0]:
                house.active(person, False)
                wait(lambda: house.box(person)[1:4] == ("disabled", False, True), 20)
            store.sessions[person["userName"]] = 1
            for value in values:
                house.active(person, value)
                time.sleep(0.3)
            committed = time.monotonic()
            wait(house.quiet, 30)
        final = values[-1]
        assert house.box(person)[1:4] == ("active" if final else "disabled", final, True)
        assert final or store.sessions[person["userName"]] == 0
        last = [name for name, _, _ in store.orders() if name in ("kick", "user")][-1]
        assert last == ("user" if final else "kick") and store.commands[-1][2] > committed - 0.3
        assert house.sql("SELECT desired_gen = applied_gen FROM mailbox WHERE user_id = %s", person["id"]) == [(True,)]
    finally:
        store.stop()
