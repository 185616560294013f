"""The log's key for pseudonyms, and whether it is the one that those in the log were made with.

With another key an address would be claimed a second time, by a second lead for one person.
"""

from collections.abc import Callable, Iterable
from functools import cached_property
from uuid import UUID

import attrs
from sqlalchemy import Connection

from crmcore.application.errors import UnreadableEventError
from crmcore.application.sales.lead_addresses import address_ids
from crmcore.domain.sales.lead_address import LeadAddressClaimed
from crmcore.infrastructure.database.database import Database
from crmcore.infrastructure.identity import Pseudonyms
from crmcore.infrastructure.log.chain import Row
from crmcore.infrastructure.log.head import key_of
from crmcore.infrastructure.log.read import LogReader
from crmcore.infrastructure.log.tables import LogTables
from crmcore.infrastructure.log.verify import First, Verdict, verify

CLAIMS = 20
"""So many claims of addresses are looked at: one that fits proves the key."""


def pseudonyms_of(connection: Connection, tables: LogTables) -> Pseudonyms:
    """The pseudonyms of the log; ``StoreFormatError`` where its head has no key for them."""
    return Pseudonyms(key_of(connection, tables))


class LogPseudonyms:
    """The pseudonyms of a log that is open: its key is read when the first is needed."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def __call__(self, kind: str, value: str, /) -> UUID:
        """The pseudonym of *value*, which is of some *kind*."""
        return self._pseudonyms(kind, value)

    @cached_property
    def _pseudonyms(self) -> Pseudonyms:
        with self._database.read() as connection:
            return pseudonyms_of(connection, self._database.tables)


def verify_with_key(
    connection: Connection,
    tables: LogTables,
    reader: LogReader,
    progress: Callable[[int, int], None] | None = None,
) -> Verdict:
    """Verify the log, its key included."""
    claims = First(LeadAddressClaimed.TOPIC, CLAIMS)
    verdict = verify(connection, tables, progress, claims)
    if verdict.intact and not _fits(connection, reader, pseudonyms_of(connection, tables), claims):
        reason = "the key for pseudonyms is not the one that the log was written with"
        return attrs.evolve(verdict, reason=reason)
    return verdict


def _fits(connection: Connection, reader: LogReader, pseudonyms: Pseudonyms, claims: First) -> bool:
    """Whether claims of addresses follow from the key and the leads' e-mail addresses.

    True as well where the log holds none: then nothing rests on the key.
    """
    checked = [
        _follows(pseudonyms, claim, _emails(connection, reader, claim)) for claim in claims.rows
    ]
    known = [follows for follows in checked if follows is not None]
    return any(known) or not known


def _follows(pseudonyms: Pseudonyms, claim: Row, emails: Iterable[str]) -> bool | None:
    """Whether a claim is that of one of its lead's addresses; None where these are not known."""
    claimable = {key for email in emails for key in address_ids(pseudonyms, email)}
    return UUID(claim[1]) in claimable if claimable else None


def _emails(connection: Connection, reader: LogReader, claim: Row) -> set[str]:
    """The addresses that the history of the claiming lead tells of, as far as it can be read."""
    if claim[5] is None:
        return set()
    try:
        _, history = reader.stream(connection, UUID(claim[5]))
    except UnreadableEventError:  # of a later release
        return set()
    return {email for event in history if (email := getattr(event, "email", None))}
