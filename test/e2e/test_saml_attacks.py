"""Every attack of the catalogue, through the whole path: a browser begins a sign-in, the message is posted to the assertion consumer
service, and must be refused with its own failure: no session, one and the same page, a trace that names the failure."""

import re

import pytest

import saml_cases
import saml_cases_keys  # noqa: F401
import saml_cases_meaning  # noqa: F401
import saml_cases_resources  # noqa: F401
import saml_cases_wrapping  # noqa: F401
from conftest import new_tenant
from saml_world import SamlWorld


# Refusals of messages that nobody signed leave so many records a minute and connection, and no more.
A_CONNECTION = 50


@pytest.fixture(scope="module")
def worlds(gatepost, cluster, run_dir):
    """A connection for every fifty cases, on which a good message was accepted first."""
    made, used = [], [0]

    def give():
        if used[0] % A_CONNECTION == 0:
            world = SamlWorld(new_tenant(gatepost, cluster), run_dir)
            world.ids = {name: world.person(name, active=name != "gone")["id"] for name in ("mallory", "victim", "gone")}
            asked = world.ask()
            page = world.answer(asked, world.good(asked, world.address("mallory")))
            assert world.signed_in(asked.browser), page
            made.append(world)
        used[0] += 1
        return made[-1]

    return give


@pytest.fixture
def world(worlds):
    return worlds()


def test_the_names_of_cases_are_unique():
    names = [case.name for case in saml_cases.CASES]
    assert len(names) == len(set(names))
    print(f"time {len(names)} attacks")


@pytest.mark.parametrize("case", saml_cases.CASES, ids=lambda case: case.name)
def test_refused(world, case):
    asked = world.ask()
    before = world.sessions()
    page = world.answer(asked, case.craft(world, asked))
    assert page.status in (400, 401, 403, 413), page
    assert world.sessions() == before
    assert world.signed_in(asked.browser) is None
    # Nothing of the reason, and nothing of the message, is shown.
    assert not any(re.search(rf"\b{failure}\b", page.text) for failure in case.failures)
    assert "mallory" not in page.body and "victim" not in page.body
    if page.status == 413:
        assert "too_large" in case.failures  # before it is read, and so without a trace
    else:
        assert world.last_failure() in case.failures


def test_all_refusals_that_concern_the_provider_look_the_same(worlds):
    """But for the trace id: no oracle for what was wrong."""
    shown, world = set(), worlds()
    for name in ("A11", "A31", "A100", "A105a", "A80a"):
        case = next(case for case in saml_cases.CASES if case.name == name)
        asked = world.ask()
        page = world.answer(asked, case.craft(world, asked))
        trace = world.sql("SELECT trace FROM saml_trace ORDER BY at DESC LIMIT 1")[0][0]
        assert trace in page.body
        shown.add((page.status, page.body.replace(trace, "TRACE")))
    assert len(shown) == 1
