"""A generation's checkpoint: what its rows are made of, and how far it has come in the log.

A generation is *building* until it is switched to, then *live*, then *previous*, which can be gone
back to, and *older* when the next one is; it is *retired* when its tables are dropped.
"""

from collections.abc import Mapping

from crmcore.application.log import Place
from crmcore.domain.kernel.frozen import frozen

START = Place(0, bytes(32))
"""Before the first record of every log."""

BUILDING, LIVE, PREVIOUS, OLDER = "building", "live", "previous", "older"
RETIRED = "retired"
"""Its tables are gone; its number is not given again, so that no late worker takes another for it."""


@frozen
class Checkpoint:
    """A generation and how far it has come.  ``failure`` says why it stopped, if it did.

    ``tables`` names for each declared table the one that holds the rows.  ``link`` is that of the
    record at ``position`` in the log that it has seen.  ``topics`` are those that were read up to
    there, each with its schema version; None where an earlier release did, which kept none.
    """

    name: str
    generation: int
    state: str
    version: int
    definition: str
    tables: Mapping[str, str]
    position: int
    link: bytes
    failed_position: int | None
    failed_topic: str | None
    failure: str | None
    topics: Mapping[str, int] | None = None

    @property
    def place(self) -> Place:
        """How far it has come, in the log that it has seen."""
        return Place(self.position, self.link)
