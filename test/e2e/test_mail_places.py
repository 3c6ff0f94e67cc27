"""Where a mailbox's mail lies and whose an address is: over renames, over organisations, and over somebody else taking the name."""

import pytest

from conftest import new_gatepost
from mail_world import World
from stack import host, recorder


@pytest.fixture(scope="module")
def mail(run_dir, cluster):
    instance = new_gatepost(run_dir / "places", cluster, "places")
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
    return World(mail, cluster, "places")


def home(world, person):
    return world.sql("SELECT n.home FROM mail_now n WHERE n.user_id = %s", person["id"])[0][0]


def rename(world, person, name):
    world.patch(f"/Users/{person['id']}", {"op": "replace", "path": "userName", "value": f"{name}@{world.domain}"})
    assert world.once()["rename"] == 1


def test_one_adopted_from_a_file_keeps_its_mail_over_a_rename(world, run_dir):
    person = world.person("anna")
    listed = run_dir / "anna.txt"
    listed.write_text(f"anna@{world.domain}\n")
    listed.chmod(0o644)
    assert world.cli("mailbox", "adopt", str(listed), "--backend", "hook", "--yes")["counts"]["exact"] == 1
    world.once()
    before = home(world, person)
    assert before == f"/var/vmail/{world.domain}/anna"
    rename(world, person, "bella")
    assert home(world, person) == before
    world.sql("DELETE FROM mail_address WHERE address = %s", f"anna@{world.domain}")
    second = world.person("anna")
    world.once()
    assert home(world, second).startswith(before + ".")


def test_one_without_a_home_keeps_that_of_its_old_address(world):
    person = world.person("carl")
    world.once()
    world.sql("UPDATE mailbox SET home = NULL WHERE user_id = %s", person["id"])
    before = home(world, person)
    rename(world, person, "dora")
    assert home(world, person) == before


def test_a_home_is_given_once_over_all_organisations(world, mail, cluster):
    other = World(mail, cluster, "places")
    person = world.person("emil")
    other.sql("INSERT INTO mailbox (org_id, address, state, origin, backend, home, applied_gen) SELECT org_id, %s, 'purged', 'made',"
              " 'hook', %s, 1 FROM org WHERE name = %s", f"emil@{world.domain}", f"/var/vmail/{world.domain}/emil", other.org)
    world.once()
    assert home(world, person).startswith(f"/var/vmail/{world.domain}/emil.")


def test_an_address_of_another_organisation_collides_in_words(world, mail, cluster):
    other = World(mail, cluster, "places")
    address = f"fay@{world.domain}"
    other.sql("INSERT INTO mail_address (org_id, address, kind, until) SELECT org_id, %s, 'resting', now() + interval '1 day'"
              " FROM org WHERE name = %s", address, other.org)
    person = world.person("fay")
    step, = world.cli("sync", "plan")["steps"]
    assert (step["action"], step["address"]) == ("collide", address) and "another organisation" in step["why"]
    assert "failed" not in world.once() and not world.sql("SELECT 1 FROM mailbox WHERE user_id = %s", person["id"])
    world.sql("UPDATE mail_address SET until = now() WHERE address = %s", address)
    assert world.once()["create"] == 1


def test_a_name_that_another_has_by_now_is_no_former_one(world, store):
    first, second = world.person("gwen"), world.person("hugo")
    world.once()
    theirs = store.mailboxes[f"hugo@{world.domain}"]["id"]
    world.sql("UPDATE mailbox SET told_addresses = ARRAY[%s, address], desired_gen = desired_gen + 1 WHERE user_id = %s",
              f"hugo@{world.domain}", first["id"])
    world.once()
    assert store.mailboxes[f"hugo@{world.domain}"]["id"] == theirs
    assert f"gwen@{world.domain}" in store.mailboxes and second["id"] != first["id"]
