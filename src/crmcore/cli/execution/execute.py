"""`crmcore execute`: the commands of a file, carried out one after the other."""

from itertools import islice
from typing import BinaryIO, Final
from uuid import UUID

import attrs
import click

import crmcore
from crmcore.cli.execution.dry_run import foretell
from crmcore.cli.execution.files import opened_file, size_of
from crmcore.cli.execution.lines import UNFIT, Line, lines, opened, read
from crmcore.cli.execution.report import Told
from crmcore.cli.interruption import held
from crmcore.cli.output import counted, emit_line, say
from crmcore.cli.progress import Step, progress
from crmcore.cli.session import Options, writing

BATCH: Final = 500
"""Lines to a transaction."""


@click.argument("file", metavar="FILE.jsonl|-", help="- is standard input.")
@click.option("--stop", is_flag=True, help="End at the first refused line.")
@click.option("--by", metavar="NAME", help="Who sends the lines that do not say.")
@click.option("--source", metavar="NAME", help="Which system they come from.")
@click.option("--dry-run", is_flag=True, help="Only tell what each line would record.")
@click.pass_obj
def execute(
    options: Options, file: str, stop: bool, by: str | None, source: str | None, dry_run: bool
) -> None:
    """Carry out `crmcore execute`."""
    if dry_run:
        foretell(options, file, by=by, source=source, stop=stop)
        return
    with opened_file(file) as stream, writing(options) as crm:
        run = Run(crm, by, source, stop, options.json)
        with progress("carrying out", size_of(file)) as step:
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
class Run(Told):
    """What became of the lines so far."""

    seen: int = attrs.field(default=0, init=False)
    position: int | None = attrs.field(default=None, init=False)

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
                envelope = read(self.crm, line, self.by, self.source, opening)
                opening = opened(envelope.command) | opening
                envelopes.append((line.number, envelope))
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
            self.refuse(number, refusals[number])
        self.seen = max(refusals, default=0) if self.stop and refusals else chunk[-1].number
        return self.stop and bool(refusals)

    def _count(self, done: crmcore.Batch) -> None:
        self.executed += done.executed
        self.unchanged += done.unchanged
        self.events += done.events
        self.position = self.position if done.position is None else done.position

    def summary(self) -> dict[str, int | None]:
        """The figures for JSON."""
        return {**self.counted(), "position": self.position}

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
