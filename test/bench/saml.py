"""Sign-in by SAML: through both locks against lasso alone, what hostile messages cost, and whole sign-ins with PostgreSQL."""

import os
import threading
import time

import measure
import saml_folder
import saml_world
from conftest import new_gatepost, new_tenant
from stack import browser, postgres

TITLE = "messages checked per CPU second, hostile messages, sign-ins with one and two verifiers (three minutes; --quick one)"
FLOORS = {"one signature": ("assertion", 0.55), "two signatures": ("both", 0.5)}
HOSTILE_MS, HOSTILE_MIB = 20, 16
THREADS = 6


def messages(table, folder, quick):
    seconds = 1 if quick else 5

    def rate(what, name):
        result = folder.run(what, name, seconds)
        return result["n"] / result["cpu"]
    for what, (signed, floor) in FLOORS.items():
        name = folder.message(signed, folder.signed(signed))
        table.pairs(f"messages checked, {what}, against lasso with TZ=UTC", lambda name=name: rate("ours", name),
                    lambda name=name: rate("lasso", name), floor, n=3 if quick else 5, unit="/CPU s")


def hostile(table, folder):
    worst_ms, worst_mib = 0, 0
    for name, message in saml_folder.hostile(folder):
        folder.message("hostile", message)
        costs = [folder.run("once", "hostile") for _ in range(3)]
        ms, mib = sorted(cost["ms"] for cost in costs)[1], max(cost["kib"] for cost in costs) / 1024
        worst_ms, worst_mib = max(worst_ms, ms), max(worst_mib, mib)
        measure.say(f"  hostile, {name}: {costs[0]['failure']}, {ms:.1f} ms, {mib:.1f} MiB")
        assert costs[0]["failure"] != "ok", name
    table.row("the worst hostile message", f"{worst_ms:.1f} ms, {worst_mib:.1f} MiB", "", "", f"≤ {HOSTILE_MS} ms, {HOSTILE_MIB} MiB",
              worst_ms <= HOSTILE_MS and worst_mib <= HOSTILE_MIB)


def processes(table, folder, quick):
    seconds, name = 2 if quick else 5, folder.message("good", folder.signed())
    os.environ.setdefault("GATEPOST_BIN", str(saml_folder.BUILD / "cmd" / "gatepost"))

    def rate(children):
        result = folder.run("pool", name, seconds, children)
        assert result["away"] == 0
        return result["n"] / result["wall"]
    table.pairs("messages through two verifiers, against one", lambda: rate(2), lambda: rate(1), None)


# Whole sign-ins: our question, the provider's answer, one transaction, a session

def sign_ins(folder, children, seconds):
    cluster = postgres.Postgres(folder / f"pg-{children}").create().start()
    gatepost = new_gatepost(folder / f"verifiers-{children}", cluster, "gatepost", saml_verifiers=children)
    try:
        gatepost.start()
        world = saml_world.SamlWorld(new_tenant(gatepost, cluster), folder)
        people = [world.person()["userName"] for _ in range(THREADS)]
        counts, end = [0] * THREADS, time.monotonic() + seconds

        def one(i):
            while time.monotonic() < end:
                asked = world.ask(browser.Browser())
                page = world.answer(asked, world.good(asked, people[i]))
                assert page.status == 200, page
                counts[i] += 1
        threads = [threading.Thread(target=one, args=(i,)) for i in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(world.sessions()) == sum(counts)
        return sum(counts) / seconds
    finally:
        gatepost.stop()
        cluster.stop("immediate")


def whole(table, folder, quick):
    rates = [sign_ins(folder, children, 3 if quick else 10) for children in (1, 2)]
    table.row("whole sign-ins by browser, with one and two verifiers; the browsers share the processors",
              " and ".join(f"{rate:.0f}" for rate in rates) + " /s")


def run(quick):
    table = measure.Table("SAML")
    with measure.folder() as folder:
        files = saml_folder.Folder(folder)
        messages(table, files, quick)
        hostile(table, files)
        processes(table, files, quick)
        whole(table, folder, quick)
    table.print()
