"""Someone's own ``eventsourcing`` application runs on our factory, projections included."""

import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.patience import PATIENCE

EXAMPLE = Path(__file__).parents[3] / "examples" / "eventsourcing_application.py"


def test_an_application_and_its_projection_run_on_the_log(database_url: str) -> None:
    assert run(database_url).splitlines() == [
        "'Baking bread' is full",
        "Baking bread: 3 seats taken",
        "Coffee tasting: 9 seats taken",
        "16 events of the workshops beside the core's; the chain is intact: True",
    ]
    engine = sa.create_engine(database_url)
    with engine.connect() as connection:
        assert sa.inspect(connection).has_table("crm_aggregate_snapshots")
        count = connection.execute(sa.text("SELECT count(*), max(position) FROM crm_events")).one()
        assert tuple(count) == (17, 17)
        chained = connection.execute(sa.text("SELECT count(DISTINCT chain) FROM crm_events"))
        assert chained.scalar_one() == 17
    engine.dispose()


def test_without_a_database_it_makes_a_file_of_its_own() -> None:
    assert "Coffee tasting: 9 seats taken" in run()


def run(*arguments: str) -> str:
    command = [sys.executable, "-W", "error", str(EXAMPLE), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    if done.returncode or done.stderr:
        pytest.fail(done.stderr)
    return done.stdout
