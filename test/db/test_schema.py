"""The migrated schema, asked through its own catalogue. GATEPOST_TEST_DATABASE names a migrated database, as its owner."""

import os

import psycopg2
import pytest

CONNINFO = os.environ.get("GATEPOST_TEST_DATABASE")
pytestmark = pytest.mark.skipif(not CONNINFO, reason="GATEPOST_TEST_DATABASE is not set: no migrated database to look at")

SCHEMAS = "('public'::regnamespace, 'gatepost'::regnamespace)"
# Keys that do not begin with org_id: the list of migrations/README.md.
GLOBAL_TABLES = {"schema_migration", "mail_event_position", "mail_backend"}
GLOBAL_KEYS = {"mail_group_backend_fkey", "mailbox_backend_fkey"}
GLOBAL_INDEXES = {
    "org_name_key",
    "scim_token_hash_key",
    "domain_owner",
    "scim_user_email",
    "write_request_at",
    "scim_tombstone_at",
    "mail_address_global",
    "mail_address_local",
    "mailbox_dirty",
    "mailbox_home",
    "mail_token_hash",
    "mail_token_grouped",
    "mail_token_login",
    "access_token_pkey",
    "saml_connection_slug",
    "saml_request_expires",
    "saml_seen_until",
    "saml_trace_at",
    "web_session_hash",
    "web_session_pickup",
    "web_session_expires",
}

DATA = [
    "org", "source", "domain", "scim_token", "scim_user", "scim_group", "scim_member", "scim_pending_member",
    "scim_tombstone", "resource_count", "write_request", "mail_backend", "mail_setting", "mail_group", "mailbox",
    "mail_address", "mail_token", "access_token", "access_rule", "mail_change", "mail_held", "mail_loss", "sync_run",
    "mail_send_hour", "mail_failure",
    "saml_connection", "saml_idp_key", "saml_own_key", "saml_request", "saml_seen", "saml_binding", "web_session", "saml_trace",
]


@pytest.fixture(scope="module")
def ask():
    connection = psycopg2.connect(CONNINFO)
    connection.autocommit = True
    cursor = connection.cursor()

    def run(sql, *args):
        cursor.execute(sql, args)
        return cursor.fetchall()

    yield run
    connection.close()


TABLES = f"""SELECT c.oid, c.relname FROM pg_class c WHERE c.relnamespace IN {SCHEMAS}
             AND c.relkind IN ('r', 'p', 'v') ORDER BY 2"""


def test_every_table_and_column_has_a_comment(ask):
    bare = []
    for oid, table in ask(TABLES):
        rows = ask(
            """SELECT attname, col_description(attrelid, attnum) FROM pg_attribute
               WHERE attrelid = %s AND attnum > 0 AND NOT attisdropped""", oid)
        if ask("SELECT obj_description(%s, 'pg_class')", oid)[0][0] is None:
            bare.append(table)
        is_default_partition = table == "audit_other"
        bare += [f"{table}.{name}" for name, comment in rows if comment is None and not is_default_partition]
    assert bare == []


def test_every_function_has_a_comment_and_is_closed_to_the_public(ask):
    rows = ask(
        """SELECT proname, obj_description(oid, 'pg_proc'), has_function_privilege('public', oid, 'EXECUTE')
           FROM pg_proc WHERE pronamespace IN """ + SCHEMAS)
    assert {name for name, _, _ in rows} >= {"audit_prepare", "gatepost_grant"}
    assert [name for name, comment, public in rows if comment is None or public] == []


def test_security_definer_functions_pin_their_search_path(ask):
    rows = ask(
        f"""SELECT proname, proconfig FROM pg_proc WHERE pronamespace IN {SCHEMAS} AND prosecdef""")
    assert {"dovecot_auth", "dovecot_userdb"} <= {name for name, _ in rows}
    assert [name for name, config in rows if not any(c.startswith("search_path=") for c in config or [])] == []


def test_org_id_leads_every_index(ask):
    rows = ask(
        """SELECT t.relname, i.relname, a.attname FROM pg_index x
           JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid
           LEFT JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = x.indkey[0]
           WHERE t.relnamespace = 'public'::regnamespace""")
    assert len(rows) > 20
    wrong = {index for table, index, first in rows if first != "org_id" and table not in GLOBAL_TABLES}
    assert wrong == GLOBAL_INDEXES


def test_org_id_leads_every_foreign_key(ask):
    rows = ask(
        """SELECT conname, a.attname FROM pg_constraint c
           JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
           WHERE contype = 'f' AND connamespace = 'public'::regnamespace""")
    assert rows and {name for name, first in rows if first != "org_id"} == GLOBAL_KEYS


def test_org_id_is_never_null(ask):
    rows = ask(
        """SELECT c.relname, a.attnotnull FROM pg_class c
           LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'org_id'
           WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')""")
    assert [table for table, notnull in rows if not notnull and table not in GLOBAL_TABLES] == []


def test_audit_has_this_month_the_next_two_and_a_net(ask):
    parts = {name for (name,) in ask("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'audit'::regclass")}
    wanted = {name for (name,) in ask(
        """SELECT 'audit_' || to_char(date_trunc('month', now() AT TIME ZONE 'UTC') + make_interval(months => i), 'YYYY_MM')
           FROM generate_series(0, 2) i""")}
    assert wanted | {"audit_other"} <= parts


def test_partitions_have_the_parents_indexes(ask):
    rows = ask(
        """SELECT p.inhrelid::regclass::text, count(i.indexrelid) FROM pg_inherits p
           JOIN pg_index i ON i.indrelid = p.inhrelid WHERE inhparent = 'audit'::regclass GROUP BY 1""")
    parent = ask("SELECT count(*) FROM pg_index WHERE indrelid = 'audit'::regclass")[0][0]
    assert [part for part, n in rows if n != parent] == []


def app_role(ask):
    if not ask("SELECT 1 FROM pg_roles WHERE rolname = 'gatepost_app'"):
        pytest.skip("the role gatepost_app does not exist on this server: `gatepost init` makes it")


@pytest.mark.parametrize("table", DATA)
def test_app_may_read_and_write_the_data(ask, table):
    app_role(ask)
    for privilege in ("SELECT", "INSERT", "UPDATE", "DELETE"):
        assert ask("SELECT has_table_privilege('gatepost_app', %s, %s)", table, privilege)[0][0], privilege
    assert not ask("SELECT has_table_privilege('gatepost_app', %s, 'TRUNCATE')", table)[0][0]


def test_app_may_only_add_to_audit(ask):
    app_role(ask)
    tables = [name for (name,) in ask(
        "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'audit'::regclass")]
    for table in ["audit"] + tables:
        for privilege in ("UPDATE", "DELETE", "TRUNCATE"):
            assert not ask("SELECT has_table_privilege('gatepost_app', %s, %s)", table, privilege)[0][0], table
    for privilege in ("SELECT", "INSERT"):
        assert ask("SELECT has_table_privilege('gatepost_app', 'audit', %s)", privilege)[0][0]
    assert ask("SELECT has_sequence_privilege('gatepost_app', 'audit_id', 'USAGE')")[0][0]
    assert ask("SELECT has_function_privilege('gatepost_app', 'audit_prepare()', 'EXECUTE')")[0][0]


def test_app_has_no_ddl(ask):
    app_role(ask)
    assert not ask("SELECT has_schema_privilege('gatepost_app', 'public', 'CREATE')")[0][0]
    assert not ask("SELECT has_function_privilege('gatepost_app', 'gatepost_grant()', 'EXECUTE')")[0][0]
    assert ask("SELECT has_table_privilege('gatepost_app', 'schema_migration', 'SELECT')")[0][0]
    assert not ask("SELECT has_table_privilege('gatepost_app', 'schema_migration', 'UPDATE')")[0][0]
