"""The benchmarks: what they measure on is a log like any other, and they run."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import crmcore
from crmcore.infrastructure.database.database import Database
from tests.composed import CODEC
from tests.patience import PATIENCE

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


def test_the_synthetic_log_is_a_log_like_any_other(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import synthetic
    import texts

    database, codec = Database.open(database_url), CODEC
    synthetic.fill(database, 1_000, customers=20)
    database.close()
    with crmcore.open(database_url) as crm:
        assert crm.verify().records == crm.position == 1_000
        assert crm.verify().intact
        log = list(crm.events())
        assert {one.topic for one in log} == set(texts.TOPICS.values())
        for one in log:
            assert codec.encode(one.event) == one.data


def test_a_row_is_measured_and_told_as_json() -> None:
    command = [sys.executable, str(BENCHMARKS / "bench.py"), "--only", "verify", "--json"]
    command += ["--events", "500", "--customers", "10", "--runs", "1"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=PATIENCE)
    told = json.loads(done.stdout)
    [row] = told["rows"]
    assert (row["work"], row["asked"]) == ("verify the chain", 0.4)
    assert row["ratio"] == pytest.approx(row["bare"] / row["ours"])
    assert told["on"]["log"] == "500 events about 10 customers, seed 1"
