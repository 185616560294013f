"""How answers look: tables on a narrow screen, and decimals in JSON."""

import json
from decimal import Decimal

import pytest

from crmcore.cli.output import Column, counted, emit, emit_line, table


@pytest.mark.parametrize("columns", ["20", "40", "80"])
def test_a_narrow_screen_cuts_nothing_off(
    columns: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    numbers = [Column(title, number=True) for title in ("Met", "Breached", "Compliance")]
    table(["Queue", *numbers], [["north of the river", 1_234_567, 89, "97.0 %"]])
    out = capsys.readouterr().out
    for word in ("Queue", "Met", "Breached", "Compliance", "north", "1,234,567", "97.0 %"):
        assert word in out


@pytest.mark.parametrize(
    ("value", "text"),
    [("0E+2", "0"), ("1E+3", "1000"), ("-1E-7", "-0.0000001"), ("19.90", "19.90")],
)
def test_decimals_in_json_are_written_out(
    value: str, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    emit({"list": [{"deep": Decimal(value)}]})
    assert json.loads(capsys.readouterr().out) == {"list": [{"deep": text}]}
    emit_line({"deep": (Decimal(value),)})
    assert json.loads(capsys.readouterr().out) == {"deep": [text]}


def test_one_thing_is_not_many() -> None:
    assert counted(1, "event") == "1 event"
    assert counted(0, "event") == "0 events"
    assert counted(2_000, "entry", "entries") == "2,000 entries"
