"""The options that commands about service have in common: a period, its zone, and moments."""

from datetime import datetime, timedelta
from enum import StrEnum

import attrs
import click

import crmcore
from crmcore.cli.faults import WrongCallError
from crmcore.cli.instants import FORM, beginning, end, last_moment
from crmcore.errors import InvalidValueError


class Judging(StrEnum):
    """What to make of a target that is open and overdue."""

    TO_DATE = "to-date"
    COMPLETED = "completed"


MODES = {Judging.TO_DATE: crmcore.Mode.TO_DATE, Judging.COMPLETED: crmcore.Mode.COMPLETED}
as_of = click.option("--as-of", metavar="T", help=f"Seen from then: {FORM}.")
known_at = click.option("--known-at", metavar="T", help=f"As it was recorded by then: {FORM}.")
since = click.option("--from", "since", metavar="A", help="From then on.")
until = click.option(
    "--to", "until", metavar="B", help="Before then, or until the end of that date."
)
zone = click.option(
    "--zone", metavar="ZONE", default="UTC", help="Whose dates: Europe/Berlin, say."
)


@attrs.frozen
class Times:
    """A period asked for, where it was, and the moment from which it is seen."""

    since: datetime | None
    until: datetime | None
    zone: str
    as_of: datetime | None

    @classmethod
    def given(cls, since: str | None, until: str | None, zone: str, as_of: str | None) -> "Times":
        """What the options say; ``WrongCallError`` where that cannot be."""
        zone = zone_named(zone)
        start, stop = beginning("--from", since, zone), end("--to", until, zone)
        if start is not None and stop is not None and start >= stop:
            raise WrongCallError(f"--from {since} is not before --to {until}: nothing lies between")
        return cls(start, stop, zone, last_moment("--as-of", as_of, zone))

    def period(self, crm: crmcore.CRM) -> crmcore.Period:
        """The period; where an end was left out, that of what is known."""
        known = crm.read.service_levels.period(zone=self.zone, as_of=self.as_of)
        now = self.as_of or crm.now()
        since = self.since or (known.since if known else now)
        until = self.until or (known.until if known else now)
        if since >= until:
            until = since + timedelta(microseconds=1)
        return crmcore.Period(since, until, self.zone)


def zone_named(zone: str) -> str:
    """*zone*, if it is one; ``WrongCallError`` with the nearest one otherwise."""
    try:
        return crmcore.calendars.known_zone(zone)
    except InvalidValueError as error:
        raise WrongCallError(f"--{error}") from None
