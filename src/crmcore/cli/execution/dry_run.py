"""`crmcore execute --dry-run`: what each line of a file would record, told without recording it."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import BinaryIO, Final
from uuid import UUID

import attrs
import click

import crmcore
from crmcore.cli.execution.files import opened_file, size_of
from crmcore.cli.execution.lines import UNFIT, Line, lines, opened, read
from crmcore.cli.execution.report import Told
from crmcore.cli.faults import complain
from crmcore.cli.output import counted, emit_line, say
from crmcore.cli.progress import Step, progress
from crmcore.cli.session import Options
from crmcore.errors import NotFoundError, StoreMissingError

IN_MEMORY: Final = "sqlite:////crmcore-dry-run-{}?vfs=memdb"
"""Stands for a log that is not there: empty, and gone with the process."""


def foretell(
    options: Options, file: str, *, by: str | None, source: str | None, stop: bool
) -> None:
    """Carry out `crmcore execute --dry-run`."""
    with opened_file(file) as stream, _looking(options) as crm:
        run = DryRun(crm, by, source, stop, options.json)
        with progress("deciding", size_of(file)) as step:
            run.all(stream, step)
    if options.json:
        emit_line({"summary": {**run.counted(), "dry_run": True}})
    else:
        say(run.said())
    if run.refused:
        raise click.exceptions.Exit(1)


@contextmanager
def _looking(options: Options) -> Iterator[crmcore.CRM]:
    """The log, or an empty one in memory where there is none: none is made."""
    try:
        crm = options.open(create=False)
    except StoreMissingError as error:
        complain(f"{error}: decided as on an empty log")
        empty = IN_MEMORY.format(crmcore.new_id())
        crm = attrs.evolve(options, db=empty, tenant=None).open()
    with crm:
        yield crm


@attrs.define
class DryRun(Told):
    """What the lines so far would do."""

    def all(self, stream: BinaryIO, step: Step) -> None:
        """Decide every line upon those before it."""
        read_ahead: deque[tuple[Line, Exception | None]] = deque()
        cases, done = Cases(self.crm), 0
        outcomes = self.crm.preview_many(self._envelopes(stream, read_ahead, cases), by="")
        for outcome in outcomes:
            if self._unfit(read_ahead):
                return
            line, _ = read_ahead.popleft()
            done += len(line.content or b"")
            step(done)
            if isinstance(outcome, crmcore.Preview):
                self._foretell(line.number, outcome)
                continue
            cases.forget(opened(outcome.command))
            self.refuse(line.number, outcome.error)
            if self.stop:
                return
        self._unfit(read_ahead)

    def _envelopes(
        self,
        stream: BinaryIO,
        read_ahead: deque[tuple[Line, Exception | None]],
        cases: "Cases",
    ) -> Iterator[crmcore.Envelope]:
        """The commands of the lines, which go to *read_ahead*, each with what makes it unfit."""
        for line in lines(stream):
            try:
                envelope = read(self.crm, line, self.by, self.source, cases)
            except UNFIT as error:
                read_ahead.append((line, error))
                continue
            cases.opened = opened(envelope.command) | cases.opened
            read_ahead.append((line, None))
            yield envelope

    def _unfit(self, read_ahead: deque[tuple[Line, Exception | None]]) -> bool:
        """Tell of the lines that come next and are unfit; return whether to stop."""
        while read_ahead and (error := read_ahead[0][1]) is not None:
            self.refuse(read_ahead.popleft()[0].number, error)
            if self.stop:
                return True
        return False

    def _foretell(self, number: int, preview: crmcore.Preview) -> None:
        self.executed += preview.changed
        self.unchanged += not preview.changed
        self.events += len(preview.events)
        if self.json:
            emit_line({"line": number, "preview": preview})
        elif preview.changed:
            say(f"line {number:,}: would record {', '.join(one.topic for one in preview.events)}")
        else:
            say(f"line {number:,}: would change nothing")

    def said(self) -> str:
        """The figures in a sentence."""
        return (
            f"{self.executed:,} would be executed, {self.unchanged:,} unchanged,"
            f" {self.refused:,} refused: {counted(self.events, 'event')} would be recorded."
            " Nothing was written."
        )


@attrs.define(slots=False)
class Cases(Mapping[str, UUID]):
    """Cases by their numbers: of the file so far, or of the log, where no read model is written for it."""

    crm: crmcore.CRM
    opened: dict[str, UUID] = attrs.Factory(dict)

    def __getitem__(self, number: str) -> UUID:
        found = self.opened.get(number)
        if found is not None:
            return found
        if not self.crm.position:
            raise NotFoundError("case", number)
        return self._numbered(number)

    def forget(self, refused: Mapping[str, UUID]) -> None:
        """Let a number go that a command asked for which is refused."""
        for number, case_id in refused.items():
            if self.opened.get(number) == case_id:
                del self.opened[number]

    def __iter__(self) -> Iterator[str]:
        return iter(self.opened)

    def __len__(self) -> int:
        return len(self.opened)

    @cached_property
    def _numbered(self) -> Callable[[str], UUID]:
        """Asks the rows as they stand, if they are up to date; or rows folded from the log."""
        (status,) = (one for one in self.crm.status() if one.name == "service_levels")
        fresh = status.state == "caught up"
        read = self.crm.read if fresh else self.crm.read.known_at(self.crm.now())
        return read.cases.numbered
