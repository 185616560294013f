"""Service requests of the City of Boston, as cases with the city's own deadline.

A request opens a case with ``resolve_by`` set to the city's target; its closing solves the
case and files it.  Nobody is named in the data, so the cases have no customer.  The clocks
are those of Boston: the city judges by what they showed, and so two instants in the hour
that is shown twice a year are both taken from its first run.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

import attrs

from crmcore import Command, derived_id
from crmcore.cli.importers.cells import key, label, optional, wall_clock
from crmcore.cli.importers.row import Planned, Row, SourceError
from crmcore.cli.importers.sources import Found, column, one_file, read
from crmcore.commands import CaseChannel, CaseKind, CloseCase, OpenCase, SolveCase

SOURCE: Final = "boston311"
FILE: Final = "requests"
ZONE: Final = ZoneInfo("America/New_York")
VERDICTS: Final = {"ONTIME": True, "OVERDUE": False}
RESOLUTION: Final = "closed by the city"
CHANNELS: Final = {
    "Citizens Connect App": CaseChannel.APP,
    "City Worker App": CaseChannel.INTERNAL,
    "Constituent Call": CaseChannel.PHONE,
    "Employee Generated": CaseChannel.INTERNAL,
    "Self Service": CaseChannel.WEB,
    "Twitter": CaseChannel.SOCIAL,
}


def _clock(text: str) -> datetime | None:
    return wall_clock(text, ZONE)


def _verdict(text: str) -> str | None:
    if text and text not in VERDICTS:
        raise ValueError(f"{' or '.join(VERDICTS)}, or nothing")
    return text or None


def _status(text: str) -> str:
    if text not in ("Open", "Closed"):
        raise ValueError("Open or Closed")
    return text


@attrs.frozen
class Request:
    """One service request, as the city publishes it; ``on_time`` is the city's verdict.

    The city's files of the years have several headers: the names are those of all of them.
    """

    case_enquiry_id: str = attrs.field(converter=key)
    open_dt: datetime | None = attrs.field(converter=_clock)
    target_dt: datetime | None = attrs.field(
        converter=_clock, metadata=column("target_dt", "sla_target_dt")
    )
    closed_dt: datetime | None = attrs.field(converter=_clock)
    on_time: str | None = attrs.field(
        converter=_verdict, metadata=column("on_time", "ontime_status", kept=False)
    )
    case_status: str = attrs.field(converter=_status)
    subject: str | None = attrs.field(converter=optional)
    reason: str | None = attrs.field(converter=optional)
    type: str = attrs.field(converter=label)
    queue: str | None = attrs.field(converter=optional)
    source: str | None = attrs.field(converter=optional)
    neighborhood: str | None = attrs.field(converter=optional)


def case_id(case_enquiry_id: str) -> UUID:
    """The case that stands for a request, however often it is imported."""
    return derived_id(SOURCE, "request", case_enquiry_id)


def commands(folder: Path) -> Iterator[Row]:
    """What the requests in *folder* (or that one file) ask for: refused rows, then the rest in time order.

    Raises ``SourceError`` where the file cannot be read, after what was read before.  All
    requests are held in memory.
    """
    planned: list[Planned] = []
    broken: SourceError | None = None
    try:
        for found in read(one_file(folder, FILE), Request):
            if not isinstance(found, Found):
                yield found
            elif fault := _fault(found.row):
                yield found.refused(fault)
            else:
                planned += [Planned(found.source, found.line, one) for one in _wanted(found.row)]
    except SourceError as error:
        broken = error
    yield from sorted(planned, key=lambda row: row.command.at)
    if broken is not None:
        raise broken


def verdicts(folder: Path) -> Mapping[UUID, bool | None]:
    """By case, whether the city says that the request was closed on time; None where it is silent.

    Requests without a target are left out: the city calls all of them on time.
    """
    return {
        case_id(found.row.case_enquiry_id): VERDICTS.get(found.row.on_time or "")
        for found in read(one_file(folder, FILE), Request)
        if isinstance(found, Found) and found.row.target_dt is not None and not _fault(found.row)
    }


def _fault(request: Request) -> str | None:
    """Why the request makes no sense as a case; None where it does."""
    opened, closed = request.open_dt, request.closed_dt
    if opened is None:
        return "open_dt: expected when the request was opened, it is blank"
    if request.target_dt is not None and request.target_dt < opened:
        return "target_dt: expected a target that is not before open_dt"
    if closed is not None and closed < opened:
        return "closed_dt: expected an end that is not before open_dt"
    if (closed is not None) != (request.case_status == "Closed"):
        return (
            f"closed_dt: expected exactly where the status is Closed, it is {request.case_status}"
        )
    return None


def _wanted(request: Request) -> tuple[Command, ...]:
    if request.open_dt is None:
        return ()  # refused before: _fault says so
    key = case_id(request.case_enquiry_id)
    place = "; ".join(part for part in (request.subject, request.neighborhood) if part)
    opening = OpenCase(
        case_id=key,
        kind=CaseKind.SERVICE_REQUEST,
        channel=CHANNELS.get(request.source or "", CaseChannel.OTHER),
        subject=request.type,
        description=place or None,
        queue=request.queue,
        resolve_by=request.target_dt,
        number=request.case_enquiry_id,
        category=request.reason,
        request_type=request.type,
        at=request.open_dt,
    )
    at = request.closed_dt
    if at is None:
        return (opening,)
    solving = SolveCase(case_id=key, resolution_code=RESOLUTION, at=at)
    return (opening, solving, CloseCase(case_id=key, at=at))
