"""Hosts load the fixtures by one line; what the kit needs beside crmcore is told where it is not there."""

import subprocess
import sys

import pytest

pytest_plugins = ["pytester"]

HOST = """
import pytest
from crmcore.testing import Clock, Story

{parts}

def test_log(crm, clock, story, sqlite_url):
    assert crm.position == 0
    assert isinstance(clock, Clock) and crm.now() == clock()
    clock.advance(days=1)
    assert crm.now() == clock()
    assert story.crm is crm
    assert sqlite_url.startswith("sqlite:///")
    assert hasattr(crm.read, "workshop") is {own}
"""
PARTS = """
from examples.workshop.context import WORKSHOP

@pytest.fixture
def crm_parts():
    return {"contexts": [WORKSHOP]}
"""


@pytest.mark.parametrize("own", [True, False], ids=["with a context", "as it comes"])
def test_the_fixtures_of_the_plugin(pytester: pytest.Pytester, own: bool) -> None:
    pytester.makeconftest('pytest_plugins = ["crmcore.testing.plugin"]')
    pytester.makepyfile(HOST.replace("{own}", str(own)).replace("{parts}", PARTS if own else ""))
    pytester.runpytest_inprocess("-p", "no:randomly", "-p", "no:cacheprovider").assert_outcomes(
        passed=1
    )


WITHOUT = """
import sys
for name in {hidden!r}:
    sys.modules[name] = None
from crmcore import testing
testing.Scenario, testing.Story, testing.Clock, testing.throwaway, testing.rows_of
{wanted}
"""


@pytest.mark.parametrize(
    ("wanted", "package"),
    [
        ("testing.strategies", "hypothesis"),
        ("testing.ProjectionContract", "hypothesis"),
        ("import crmcore.testing.plugin", "pytest"),
    ],
)
def test_what_is_missing_is_named_where_it_is_needed(wanted: str, package: str) -> None:
    code = WITHOUT.format(hidden=["hypothesis", "pytest"], wanted=wanted)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        f"ImportError: this part of crmcore.testing needs {package}: pip install 'crmcore[testing]'"
    )
