"""How answers look: tables on a narrow screen, and decimals in JSON."""

import json
from datetime import timedelta
from decimal import Decimal

import pytest

from crmcore.cli.faults import complain
from crmcore.cli.output import Column, counted, duration, emit, emit_line, say, table


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


STEERED = "Ann\u202egnp.exe\u2069 \x1b[31mred\x07\u200f\x85 Lee"
WRITTEN = r"Ann\u202egnp.exe\u2069 \x1b[31mred\x07\u200f Lee"
PERSIAN = "می\u200cخواهم 👩\u200d🚀"


@pytest.mark.parametrize(
    ("span", "days", "hours"),
    [
        (timedelta(hours=-1.5), "-1 h 30 min", "-1 h 30 min"),
        (timedelta(days=2, hours=3, minutes=4), "2 d 3 h", "51 h 4 min"),
        (timedelta(days=63, hours=6, minutes=9), "63 d 6 h", "1,518 h"),
        (timedelta(0), "0 s", "0 s"),
    ],
)
def test_time_passes_in_days_and_work_is_done_in_hours(
    span: timedelta, days: str, hours: str
) -> None:
    assert (duration(span), duration(span, days=False)) == (days, hours)


def test_what_steers_a_terminal_is_written_out(capsys: pytest.CaptureFixture[str]) -> None:
    table(["Name"], [[STEERED], [PERSIAN]])
    out = capsys.readouterr().out
    assert WRITTEN in out
    assert PERSIAN in out, "joiners belong to the letters"
    say(f"{STEERED}:\n\ttwo lines")
    complain(STEERED)
    out, err = capsys.readouterr()
    assert out.splitlines()[0] == WRITTEN.replace(" Lee", r"\x85 Lee:")
    assert "two lines" in out
    assert err == f"crmcore: {WRITTEN}\n"


def test_json_tells_text_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    emit({"name": STEERED})
    assert json.loads(capsys.readouterr().out) == {"name": STEERED}
