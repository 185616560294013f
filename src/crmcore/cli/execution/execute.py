"""`crmcore execute`: the commands of a file, carried out one after the other."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, Final
from uuid import UUID

import attrs
import click

import crmcore
from crmcore.cli.execution.lines import UNFIT, Line, lines, read
from crmcore.cli.faults import Fault, by_field, complain
from crmcore.cli.interruption import held
from crmcore.cli.output import counted, emit_line, one_line, say
from crmcore.cli.progress import Step, progress
from crmcore.cli.session import Options, writing

BATCH: Final = 500
"""Lines to a transaction."""

GZIP: Final = b"\x1f\x8b"
"""How a file begins that gzip has compressed."""


@click.argument("file", metavar="FILE.jsonl|-", help="- is standard input.")
@click.option("--stop", is_flag=True, help="End at the first refused line.")
@click.option("--by", metavar="NAME", help="Who sends the lines that do not say.")
@click.option("--source", metavar="NAME", help="Which system they come from.")
@click.pass_obj
def execute(options: Options, file: str, stop: bool, by: str | None, source: str | None) -> None:
    """Carry out `crmcore execute`."""
    with _opened(file) as stream, writing(options) as crm:
        run = Run(crm, by, source, stop, options.json)
        with progress("carrying out", _size(file)) as step:
            try:
                run.all(stream, step)
            except BaseException as error:
                error.add_note(run.kept())
                raise
    if options.json:
        emit_line({"summary": run.summary()})
    else:
        say(run.said())
    if run.refused:
        raise click.exceptions.Exit(1)


@attrs.define
class Run:
    """What became of the lines so far."""

    crm: crmcore.CRM
    by: str | None
    source: str | None
    stop: bool
    json: bool
    seen: int = 0
    executed: int = 0
    unchanged: int = 0
    refused: int = 0
    events: int = 0
    position: int | None = None

    def all(self, stream: BinaryIO, step: Step) -> None:
        """Carry out every line, ``BATCH`` to a transaction."""
        found, done = lines(stream), 0
        while chunk := list(islice(found, BATCH)):
            with held():
                ended = self._batch(chunk)
            done += sum(len(line.content or b"") for line in chunk)
            step(done)
            if ended:
                return

    def _batch(self, chunk: list[Line]) -> bool:
        """Carry out a batch; tell whether to stop."""
        refusals: dict[int, Exception] = {}
        envelopes: list[tuple[int, crmcore.Envelope]] = []
        opening: dict[str, UUID] = {}
        for line in chunk:
            try:
                envelopes.append((line.number, read(self.crm, line, self.by, self.source, opening)))
            except UNFIT as error:
                refusals[line.number] = error
                if self.stop:
                    break
        done = self.crm.execute_many(
            (envelope for _, envelope in envelopes), by="", batch=BATCH, stop=self.stop
        )
        self._count(done)
        if self.stop and done.refused:
            refusals = {}  # the batch ended before the line that cannot be read
        refusals |= {envelopes[one.index][0]: one.error for one in done.refused}
        for number in sorted(refusals):
            self._refuse(number, refusals[number])
        self.seen = max(refusals, default=0) if self.stop and refusals else chunk[-1].number
        return self.stop and bool(refusals)

    def _count(self, done: crmcore.Batch) -> None:
        self.executed += done.executed
        self.unchanged += done.unchanged
        self.events += done.events
        self.position = self.position if done.position is None else done.position

    def _refuse(self, number: int, error: Exception) -> None:
        self.refused += 1
        reason = one_line(str(error))
        complain(f"line {number:,}: {reason}")
        if self.json:
            refusal = {"line": number, "kind": type(error).__name__, "reason": reason}
            emit_line({"refused": refusal | by_field(error)})

    def summary(self) -> dict[str, int | None]:
        """The figures for JSON."""
        names = ("executed", "unchanged", "refused", "events", "position")
        return {name: getattr(self, name) for name in names}

    def said(self) -> str:
        """The figures in a sentence."""
        at = "" if self.position is None else f", the log is at position {self.position:,}"
        return (
            f"{self.executed:,} executed, {self.unchanged:,} unchanged, {self.refused:,} refused:"
            f" {counted(self.events, 'event')} recorded{at}."
        )

    def kept(self) -> str:
        """What is safe if the run ends here."""
        return f"up to line {self.seen:,} all is done and kept: {self.said()}"


@contextmanager
def _opened(file: str) -> Iterator[BinaryIO]:
    with _stream(file) as stream:
        if hasattr(stream, "peek") and stream.peek(len(GZIP)).startswith(GZIP):
            raise Fault(
                f"{file}: is compressed by gzip: `gunzip -c FILE.gz | crmcore execute -` reads it"
            )
        yield stream


@contextmanager
def _stream(file: str) -> Iterator[Any]:
    if file == "-":
        if sys.stdin is None:  # closed by the caller
            raise Fault("-: cannot be read: standard input is closed")
        yield sys.stdin.buffer
        return
    try:
        stream = Path(file).open("rb")  # noqa: SIM115  # only the opening can fail here
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise Fault(f"{file}: cannot be read: {reason}") from None
    with stream:
        yield stream


def _size(file: str) -> int | None:
    return None if file == "-" else Path(file).stat().st_size or None
