"""One PostgreSQL and one gatepost for a whole run; an organisation, source and token of its own for each module."""

import itertools
import pathlib
import shutil
import sys
import tempfile

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from stack import canary, host, postgres, scim, server  # noqa: E402

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def run_dir():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="gatepost-test-"))
    folder.chmod(0o755)
    yield folder
    wrong, _ = canary.told(folder, canary.key_files(folder))
    shutil.rmtree(folder, ignore_errors=True)
    assert wrong == []  # whatever the tests were about


@pytest.fixture(scope="session")
def cluster(run_dir):
    """The PostgreSQL server. A test that harms it starts its own."""
    cluster = postgres.Postgres(run_dir / "pg", {"log_parameter_max_length_on_error": "-1"}).create().start()
    yield cluster
    cluster.stop("immediate")


def new_gatepost(folder, cluster, database, **settings):
    """A migrated database and a server on it, not started."""
    conninfo = cluster.create_database(database)
    instance = server.Server(folder, conninfo, settings).write_config()
    done = instance.cli.run("db", "migrate")
    if done.returncode != 0:
        raise host.StackError("gatepost db migrate: " + done.stderr)
    return instance


@pytest.fixture(scope="session")
def gatepost(run_dir, cluster):
    """The server: .scim_base, .address, .admin, .cli, .log."""
    instance = new_gatepost(run_dir / "gatepost", cluster, "gatepost")
    instance.start()
    yield instance
    code = instance.stop()
    assert code == 0, f"gatepost serve exited {code}:\n{instance.log[-4000:]}"


@pytest.fixture(scope="session")
def machine(run_dir, cluster):
    """The mail host of the fault tests."""
    import faults_world  # which imports this file
    yield from faults_world.started(run_dir, cluster)


class Tenant:
    """An organisation with one source and one token, its client, and SQL on the database."""

    def __init__(self, gatepost, cluster, org, source, token, token_id):
        self.gatepost, self.cluster, self.org, self.source = gatepost, cluster, org, source
        self.token, self.token_id = token, token_id
        self.client = scim.Client(gatepost.scim_base, token)

    def sql(self, statement, *arguments):
        """Rows of a statement as tuples; %s parameters."""
        with self.cluster.session("gatepost") as cursor:
            cursor.execute(statement, arguments)
            return cursor.fetchall() if cursor.description else None

    @property
    def org_id(self):
        return self.sql("SELECT org_id FROM org WHERE name = %s", self.org)[0][0]

    def new_token(self, *options, source=None):
        """Another token of this organisation: (secret, id)."""
        made = self.gatepost.cli.json("scim-token", "create", "--org", self.org, "--source", source or self.source,
                                      "--name", f"token {next(_numbers)}", *options)
        return made["token"], made["id"]

    def with_token(self, *options, source=None, **client_options):
        """A client with a token made with these options (e.g. "--strict")."""
        return scim.Client(self.gatepost.scim_base, self.new_token(*options, source=source)[0], **client_options)


def new_tenant(gatepost, cluster, profile="any"):
    org = f"org-{next(_numbers)}"
    gatepost.cli.json("org", "create", org)
    gatepost.cli.json("source", "add", "main", "--org", org, "--profile", profile)
    made = gatepost.cli.json("scim-token", "create", "--org", org, "--source", "main", "--name", "first")
    return Tenant(gatepost, cluster, org, "main", made["token"], made["id"])


@pytest.fixture(scope="module")
def tenant(gatepost, cluster):
    return new_tenant(gatepost, cluster)


@pytest.fixture
def other(gatepost, cluster):
    """A second organisation, for what must not be seen."""
    return new_tenant(gatepost, cluster)


@pytest.fixture
def client(tenant):
    return tenant.client
