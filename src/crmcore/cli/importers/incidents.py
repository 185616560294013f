"""The incident log of a service desk (UCI data set 498), as cases with their whole history.

Each row tells how an incident stood after an update; what changed from one row to the next
becomes commands at that minute.  ``resolved_at``, ``closed_at`` and the like stand on every row
of an incident, also on those from before: they are not read.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final
from uuid import UUID

from crmcore import derived_id
from crmcore.cli.importers.incident_history import History
from crmcore.cli.importers.incident_rows import Incident, Update, incidents
from crmcore.cli.importers.row import Planned, Refused, Remark, Row, Silent, Unkept
from crmcore.cli.importers.sources import Found, one_file
from crmcore.commands import CustomerKind, RegisterCustomer

SOURCE: Final = "incidents"
FILE: Final = "incident_event_log"


def case_id(number: str, part: int = 1) -> UUID:
    """The case that stands for an incident; *part* 2 follows it if it was taken up after closing."""
    return derived_id(SOURCE, "incident", number, str(part))


def customer_id(caller: str) -> UUID:
    """The customer who stands for a caller."""
    return derived_id(SOURCE, "caller", caller)


def commands(path: Path) -> Iterator[Row]:
    """What the incidents in *path* (the file, or its folder) ask for, one incident after another.

    One incident is held in memory at a time: it is in the order in which it happened, while the
    file goes by the numbers of incidents.  Raises ``SourceError`` where the file cannot be read.
    """
    callers: set[str] = set()
    for found in incidents(one_file(path, FILE)):
        if isinstance(found, (Refused, Unkept)):
            yield found
            continue
        yield from _caller(found, callers)
        yield from _rows(found)


def verdicts(path: Path) -> Mapping[UUID, bool]:
    """By the incident's (first) case, the desk's own verdict: ``made_sla`` as recorded last."""
    return {
        case_id(found[-1].row.number): found[-1].row.made_sla
        for found in incidents(one_file(path, FILE))
        if not isinstance(found, (Refused, Unkept))
    }


def _caller(incident: Incident, known: set[str]) -> Iterator[Row]:
    """The caller, registered where the file names them first: a number, nobody knows of whom."""
    first = incident[0]
    caller = first.row.caller_id
    if caller is None or caller in known:
        return
    known.add(caller)
    opened, updated = first.row.opened_at, first.row.sys_updated_at
    yield Planned(
        first.source,
        first.line,
        RegisterCustomer(
            customer_id=customer_id(caller),
            kind=CustomerKind.PERSON,
            name=caller,
            at=updated if opened is None else min(opened, updated),
        ),
        by=first.row.sys_updated_by,
    )


def _rows(incident: Incident) -> Iterator[Row]:
    number, caller = incident[0].row.number, incident[0].row.caller_id
    history = History(
        case_ids=lambda part: case_id(number, part),
        customer_id=None if caller is None else customer_id(caller),
        last_solved=_last_solved(incident),
    )
    for found in incident:
        outcome = history.apply(found.row)
        for command in outcome.commands:
            yield Planned(
                found.source,
                found.line,
                command,
                by=found.row.sys_updated_by,
                command_id=_command_id(found, command.TOPIC),
            )
        if not outcome.commands:
            yield Silent(found.source, found.line)
        for text in outcome.remarks:
            yield Remark(found.source, found.line, text)


def _command_id(found: Found[Update], topic: str) -> UUID:
    """Each update asks for a thing once: so a second import is known command by command."""
    return derived_id(SOURCE, "update", found.row.number, str(found.row.sys_mod_count), topic)


def _last_solved(incident: Incident) -> int | None:
    """The count of the update from which the incident was solved for good, if it was."""
    last = None
    for found in incident:
        turn = found.row.incident_state
        if turn is None:
            continue
        if not turn.ends:
            last = None
        elif last is None:
            last = found.row.sys_mod_count
    return last
