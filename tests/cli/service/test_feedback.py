"""`crmcore feedback`: the figures for people and for programs."""

from typing import Any

import pytest

from tests.cli.command_line import CommandLine, key, opened, registered, sent

SCORES = {"csat": (5, 4, 2), "nps": (10, 9, 3), "ces": (7, 6)}


def judged(kind: str, number: int, score: int | None) -> list[dict[str, Any]]:
    """A customer, their case, its solution, the question and the answer."""
    name = f"{kind} {number}"
    about: dict[str, Any] = {"case_id": key(f"case {name}"), "cycle": 1, "kind": kind}
    answer = sent(
        "answer-survey", "2026-01-13T09:00:00Z", **about, answer_id=key(f"{name}!"), score=score
    )
    return [
        registered(name),
        opened(
            f"case {name}",
            "2026-01-11T09:00:00Z",
            "2026-01-12T09:00:00Z",
            customer_id=key(name),
            queue="north" if number else "south",
        ),
        sent(
            "solve-case", "2026-01-11T12:00:00Z", case_id=about["case_id"], resolution_code="done"
        ),
        sent("offer-survey", "2026-01-12T09:00:00Z", **about, channel="email"),
        *([] if score is None else [answer]),
    ]


@pytest.fixture
def asked(run: CommandLine) -> CommandLine:
    """Eight answers of three kinds, and one customer who did not answer."""
    commands = judged("csat", 9, None)
    for kind, scores in SCORES.items():
        for number, score in enumerate(scores):
            commands += judged(kind, number, score)
    assert run.executes(*commands).status == 0
    return run


def test_feedback_shows_a_figure_for_each_kind(asked: CommandLine) -> None:
    shown = asked("feedback", "--as-of", "2026-02-01").out
    csat, nps, ces = (next(line for line in shown.splitlines() if kind in line) for kind in KINDS)
    assert csat.split()[:5] == ["CSAT", "total", "4", "3", "1"]
    assert "75.0 %" in csat
    assert "66.7 %" in csat
    assert "+33" in nps
    assert "6.50" in ces
    assert max(map(len, shown.splitlines())) <= 80


KINDS = ("CSAT ", "NPS ", "CES ")


def test_feedback_tells_programs_everything(asked: CommandLine) -> None:
    document = asked("feedback", "--by", "queue", "--as-of", "2026-02-01", "--json").document
    assert [(one["kind"], one["group"], one["answered"]) for one in document["groups"]] == [
        ("csat", "north", 2),
        ("csat", "south", 1),
        ("nps", "north", 2),
        ("nps", "south", 1),
        ("ces", "north", 1),
        ("ces", "south", 1),
    ]
    csat, nps, ces = document["totals"]
    assert (csat["offered"], csat["expired"], csat["response_rate"]) == (4, 1, "0.75")
    assert csat["scores"] == {"5": 1, "4": 1, "3": 0, "2": 1, "1": 0}
    assert (csat["nps"], nps["csat"], ces["ces"], ces["ces_agreement"]) == (None, None, "6.5", "1")


def test_open_surveys_are_left_out_of_what_is_completed(asked: CommandLine) -> None:
    def rate(*argv: str) -> Any:
        asking = ("feedback", "--kind", "csat", "--as-of", "2026-01-20", "--json", *argv)
        (total,) = asked(*asking).document["totals"]
        return total["open"], total["response_rate"]

    assert (rate(), rate("--mode", "completed")) == ((1, "0.75"), (1, "1"))


def test_a_report_of_a_time_and_by_month(asked: CommandLine) -> None:
    assert "No survey was offered" in asked("feedback", "--from", "2026-02-01").out
    months = asked("feedback", "--by", "month", "--zone", "Europe/Paris", "--to", "2026-01-12")
    assert months.out.count("2026-01") == 3
    wrong = asked("feedback", "--from", "2026-01-13", "--to", "2026-01-12")
    assert (wrong.status, "is not before" in wrong.complaint) == (2, True)
    unknown = asked("feedback", "--zone", "Europe/Atlantis")
    assert (unknown.status, "--zone" in unknown.complaint) == (2, True)
