"""Mail: the decision at sign-in, sessions that end, the plan, and mailboxes by the thousand."""

import subprocess
import threading
import time

import mail_directory
import mail_logins
import measure
import mail_world
from conftest import new_gatepost
from stack import host, mailclient, mailstack, postgres, scim

TITLE = "sign-ins, leavers, the plan over 100,000 people, 10,000 new mailboxes (about ten minutes; --quick one)"
DATABASE = "bench"


# Leavers

def leaver(table, stack, directory, login, secret, quick):
    """One PATCH, three phones asleep: until the last of them is told."""
    runs, took = 5 if quick else 20, []
    user_id = directory.sql("SELECT user_id::text FROM scim_user WHERE org_id = %s AND user_name = %s", directory.org_id, login)[0][0]
    client = scim.Client(directory.gatepost.scim_base, directory.token)
    directory.sql("UPDATE mail_setting SET guard_count = 1000000 WHERE org_id = %s", directory.org_id)

    def active(value):
        answer = client.patch(f"/Users/{user_id}", [{"op": "replace", "path": "active", "value": value}])
        assert answer.status in (200, 204), answer
    for _ in range(runs):
        phones = [mailclient.Imap(stack.ports["imap"]).login(login, secret).idle() for _ in range(3)]
        ends = [None] * len(phones)

        def listen(i):
            ends[i] = phones[i].ended(15)
        threads = [threading.Thread(target=listen, args=(i,)) for i in range(len(phones))]
        for thread in threads:
            thread.start()
        begin = time.monotonic()
        active(False)
        for thread in threads:
            thread.join()
        assert None not in ends, "a session lived on"
        took.append(max(ends) - begin)
        for phone in phones:
            phone.close()
        active(True)
        wait = "SELECT 1 FROM mailbox WHERE user_id = %s AND state = 'active' AND open AND desired_gen = applied_gen"
        mail_world.wait(lambda: directory.sql(wait, user_id), 30)
    table.noise.look()
    median, most = measure.percentile(took, 0.5), max(took)
    table.row(f"PATCH active=false to the last of three BYEs, {runs} runs", f"median {median:.2f} s, max {most:.2f} s", "", "",
              "≤ 0.5, ≤ 2 s", median <= 0.5 and most <= 2)


# The plan

SCANS = ("COPY (SELECT u.user_id, u.user_name, u.active, u.doc FROM scim_member m JOIN scim_user u ON u.org_id = m.org_id"
         " AND u.user_id = m.member_id WHERE m.org_id = {org} AND m.group_id = '{group}') TO STDOUT",
         "COPY (SELECT b.* FROM mailbox b WHERE b.org_id = {org}) TO STDOUT")


def plan(table, cluster, directory, people, quick):
    def ours():
        begin = time.monotonic()
        counts = directory.cli("sync", "plan")["counts"]
        took = time.monotonic() - begin
        assert counts == {"keep": people}, counts
        return took

    def control():
        begin = time.monotonic()
        for scan in SCANS:
            host.run([cluster.bin / "psql", "-X", "-q", "-o", "/dev/null", "-d", cluster.conninfo(DATABASE),
                      "-c", scan.format(org=directory.org_id, group=directory.group_id)])
        return time.monotonic() - begin
    ours(), control()
    table.times(f"plan over {people} people, nothing to do", ours, control, 3, 3 if quick else 5)
    table.note("plan: the whole of `gatepost sync plan`; control: psql reads the same columns of all members and all mailboxes by COPY")


# New mailboxes

def write_script(path, org_id, mail_group, domain):
    """One transaction a mailbox, with the rows that the worker writes for it."""
    box = "md5('{org}-' || :n)::uuid".format(org=org_id)
    address = f"'c' || :n || '@{domain}'"
    path.write_text(f"""\\set n random(1, 9000000000000000)
BEGIN;
INSERT INTO mailbox (org_id, mailbox_id, user_id, mail_group_id, address, state, origin, backend, home, quota_bytes, protocols, deliver_disabled, doors, applied_gen) VALUES ({org_id}, {box}, gen_random_uuid(), {mail_group}, {address}, 'active', 'made', 'dovecot', '/var/vmail/c' || :n, 1073741824, '{{imap,pop3,smtp,sieve}}', true, jsonb_build_object('sign-in', jsonb_build_object('state', 'open', 'at', now())), 1);
INSERT INTO mail_address (org_id, address, kind, mailbox_id) VALUES ({org_id}, {address}, 'primary', {box});
INSERT INTO audit (org_id, kind, actor, action, subject, detail) VALUES ({org_id}, 'sync', 'sync', 'mailbox.create', {box}::text, json_build_object('address', {address})::jsonb);
COMMIT;
""", encoding="utf-8")
    path.chmod(0o644)


def fresh(table, run_dir, cluster, gatepost, people, quick):
    def ours():
        directory = mail_directory.Directory(gatepost, cluster, DATABASE).fill(people)
        directory.cli("sync", "resume")
        begin = time.monotonic()
        worker = mail_world.Worker(gatepost, "bench")
        done = "SELECT count(*) FROM mailbox WHERE org_id = %s AND desired_gen = applied_gen"
        with cluster.session(DATABASE) as sql:
            while True:
                sql.execute(done, (directory.org_id,))
                if sql.fetchall()[0][0] == people:
                    break
                assert worker.process.poll() is None and time.monotonic() - begin < 900, "the worker does not get done"
                time.sleep(0.1)
        took = time.monotonic() - begin
        worker.stop()
        return people / took

    def control():
        directory = mail_directory.Directory(gatepost, cluster, DATABASE).fill(1)
        mail_group = directory.sql("SELECT mail_group_id FROM mail_group WHERE org_id = %s", directory.org_id)[0][0]
        script = run_dir / "bare.sql"
        write_script(script, directory.org_id, mail_group, directory.domain)
        begin = time.monotonic()
        host.run([cluster.bin / "pgbench", "-n", "-c", "1", "-j", "1", "-M", "prepared", "-t", people, "-f", script,
                  cluster.conninfo(DATABASE)])
        return people / (time.monotonic() - begin)
    table.pairs(f"{people} new mailboxes, planned and applied", ours, control, 0.5, 3)
    table.note("new mailboxes: from the start of a worker until Dovecot was seen to have the last; control: one connection of pgbench, a"
               " transaction a mailbox with the INSERTs of the same three rows (mailbox, mail_address, audit), prepared")


def run(quick):
    people, new, tokens = (10_000, 1_000, 200) if quick else (100_000, 10_000, 2_000)
    with measure.folder() as run_dir:
        cluster = postgres.Postgres(run_dir / "pg").create().start()
        gatepost = stack = bare = None
        try:
            gatepost = new_gatepost(run_dir / "gatepost", cluster, DATABASE, **mailstack.SETTINGS)
            gatepost.start()
            table = measure.Table("mail")
            stack = mailstack.MailStack(run_dir / "mail", gatepost)
            stack.dovecot = mail_logins.Quiet(run_dir / "mail/dovecot", gatepost.cli)
            stack.why_not, stack.postfix = "not measured", None
            stack.start()
            measure.say(f"mail: {cluster.bin.parent.name}, synchronous_commit = on, the same for ours and controls")
            signers = mail_directory.Directory(gatepost, cluster, DATABASE).fill(tokens, mailboxes=True)
            signers.sql("UPDATE mailbox SET home = %s || address WHERE org_id = %s", f"{run_dir}/mail/dovecot/mail/", signers.org_id)
            logins = signers.secrets(tokens)
            mail_logins.prepare(signers, logins)
            bare = mail_logins.Bare(run_dir / "bare", gatepost.cli)
            bare.owner = signers.sql("SELECT uid, gid FROM mail_backend WHERE backend = 'dovecot'")[0]
            bare.create(stack.key).start()
            signers.cli("sync", "resume")
            mail_logins.decision(table, stack.dovecot, bare, logins, quick)
            mail_logins.storm(table, stack.dovecot, logins, quick)
            leaver(table, stack, signers, *logins[0], quick)
            stack.worker.stop()
            fresh(table, run_dir, cluster, gatepost, new, quick)
            many = mail_directory.Directory(gatepost, cluster, DATABASE).fill(people, mailboxes=True)
            plan(table, cluster, many, people, quick)
            table.print()
        finally:
            if bare is not None:
                bare.stop()
            if stack is not None:
                stack.stop()
            if gatepost is not None:
                gatepost.stop()
            cluster.stop("immediate")
