"""The command line shows no password of a database."""

import pytest

from tests.cli.command_line import CommandLine
from tests.infrastructure.database.test_secrets import SECRET, URLS


@pytest.mark.parametrize("url", URLS.values(), ids=URLS.keys())
def test_the_command_line_shows_no_password(run: CommandLine, url: str) -> None:
    done = run("--db", url, "--json", "projections", "status")
    assert done.status == 1
    assert SECRET not in done.out + done.err
