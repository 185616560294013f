"""The command line, called in process: what it prints and how it ends."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import attrs
import pytest

from crmcore.cli import main

SPACE = UUID("7b0f6a34-5f0c-4d2c-9a55-1f3f0b6c0a11")


def key(name: str) -> str:
    return str(uuid5(SPACE, name))


@attrs.frozen
class Outcome:
    status: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)

    @property
    def documents(self) -> list[Any]:
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def complaint(self) -> str:
        """The one line on stderr."""
        [line] = self.err.splitlines()
        return line


@attrs.frozen
class CommandLine:
    """``crmcore`` on one database."""

    capsys: pytest.CaptureFixture[str]
    database: Path

    def __call__(self, *argv: str) -> Outcome:
        self.capsys.readouterr()
        status = main(["--db", f"sqlite:///{self.database}", *argv])
        out, err = self.capsys.readouterr()
        return Outcome(status, out, err)

    def executes(self, *commands: Mapping[str, Any], status: int = 0) -> Outcome:
        file = self.database.with_suffix(".jsonl")
        file.write_text(as_lines(commands), encoding="utf-8")
        done = self("execute", str(file))
        assert done.status == status, done.err
        return done


def as_lines(commands: Iterable[Mapping[str, Any]]) -> str:
    return "".join(f"{json.dumps(command)}\n" for command in commands)


def sent(topic: str, at: str | None = None, by: str = "Ada", **fields: Any) -> dict[str, Any]:
    moment = {} if at is None else {"at": at}
    return {"command": topic, "by": by, **moment, **fields}


def registered(name: str, at: str = "2026-01-05T09:00:00Z") -> dict[str, Any]:
    return sent("register-customer", at, customer_id=key(name), kind="person", name=name)


def usd(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "USD"}


def bought(who: str, order: str, amount: str, at: str, **fields: Any) -> dict[str, Any]:
    line = {"line": 1, "product": "tea", "description": "GREEN TEA", "quantity": "1"}
    return sent(
        "place-order",
        at,
        order_id=key(order),
        customer_id=key(who),
        channel="store",
        lines=[line | {"goods": usd(amount)}],
        **fields,
    )


def opened(case: str, at: str, by: str, **fields: Any) -> dict[str, Any]:
    return sent(
        "open-case",
        at,
        case_id=key(case),
        kind="complaint",
        channel="phone",
        subject="Late delivery",
        number=case,
        resolve_by=by,
        **fields,
    )


SHOP = (
    registered("Ada Lovelace"),
    registered("Grace Hopper", "2026-01-06T09:00:00Z"),
    sent(
        "add-contact-point",
        "2026-01-05T09:00:00Z",
        customer_id=key("Ada Lovelace"),
        point_id=key("ada's mail"),
        kind="email",
        value="ada@example.com",
    ),
    sent(
        "record-note",
        "2026-01-07T10:00:00Z",
        by="Bo",
        customer_id=key("Ada Lovelace"),
        note_id=key("note"),
        text="Prefers\ntea [bold]strong[/bold]",
    ),
    bought("Ada Lovelace", "o-1", "600.00", "2026-01-10T12:00:00Z"),
    bought("Ada Lovelace", "o-2", "200.50", "2026-02-10T12:00:00Z"),
    opened("C-1", "2026-01-11T09:00:00Z", "2026-01-12T09:00:00Z", queue="north"),
    sent(
        "solve-case",
        "2026-01-11T12:00:00Z",
        case_id=key("C-1"),
        resolution_code="sent again",
        agent="Bo",
    ),
    opened("C-2", "2026-01-11T09:00:00Z", "2026-01-12T09:00:00Z", queue="south"),
    sent("solve-case", "2026-01-13T12:00:00Z", case_id=key("C-2"), resolution_code="refund"),
    sent(
        "plan-campaign",
        "2026-01-01T00:00:00Z",
        campaign_id=key("spring"),
        name="Spring",
        kind="mailing",
        channel="post",
        purpose="marketing",
        currency="USD",
        starts_at="2026-01-02T00:00:00Z",
        ends_at="2026-03-02T00:00:00Z",
    ),
)
