"""An entry of a customer's history.  Its fields and its sentence are made when somebody looks at them."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from functools import cached_property, lru_cache
from typing import Any, Final
from uuid import UUID

import attrs

from crmcore.application.errors import UnreadableEventError
from crmcore.application.sentences import sentence_of
from crmcore.application.streams import Streams
from crmcore.domain.customers.customer.messages.contact_point import ContactPointAdded
from crmcore.domain.marketing.campaign.decisions import AGGREGATE
from crmcore.domain.marketing.campaign.state import Campaign
from crmcore.domain.service.case.messages.opening import CaseOpened
from crmcore.projections.results import result

NAMING: Final = {
    CaseOpened.TOPIC: ("case_id", "number"),
    ContactPointAdded.TOPIC: ("point_id", "value"),
}
"""The events that name something: the fields with its id and its name."""
SHOWN: Final = (
    "position", "occurred_at", "recorded_at", "topic", "stream_id", "actor",
    "command_id", "correlation_id", "causation_id", "source", "details",
)  # fmt: skip
"""The columns that an entry is made of, in this order."""
_put = object.__setattr__


class _MadeWhenLookedAt:
    """What an entry keeps to make of it what costs most, and what most who read many never look at."""

    __slots__ = ("_history", "_text")
    _history: "History"
    _text: str

    def __getattr__(self, name: str) -> Any:
        if name == "details":
            made: Any = json.loads(self._text)
        elif name == "sentence":
            entry: Any = self
            made = self._history.sentence(entry.topic, entry.details)
        else:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        _put(self, name, made)
        return made


@result
class HistoryEntry(_MadeWhenLookedAt):
    """One thing that was recorded; instants in UTC.

    ``details`` are the fields of the event, as JSON has them; ``sentence`` says in a line what
    happened, with names of campaigns, cases and contact points where they are known.
    """

    position: int
    occurred_at: datetime
    recorded_at: datetime
    topic: str
    stream_id: UUID
    actor: str | None
    command_id: UUID | None
    correlation_id: UUID | None
    causation_id: UUID | None
    source: str | None
    details: dict[str, Any] = attrs.field(hash=False)
    sentence: str


@attrs.frozen(slots=False)
class History:
    """The rows of one customer's history, and what things are called in it."""

    rows: Sequence[Any]
    kinds: Mapping[str, type]
    streams: Streams

    def entries(self) -> Iterator[HistoryEntry]:
        """An entry for each row."""
        for row in self.rows:
            entry = object.__new__(HistoryEntry)
            (
                position,
                occurred,
                recorded,
                topic,
                stream,
                actor,
                command,
                whole,
                cause,
                source,
                text,
            ) = row
            _put(entry, "position", position)
            _put(entry, "occurred_at", occurred)
            _put(entry, "recorded_at", recorded)
            _put(entry, "topic", topic)
            _put(entry, "stream_id", _id(stream))
            _put(entry, "actor", actor)
            _put(entry, "command_id", _id(command))
            _put(entry, "correlation_id", _id(whole))
            _put(entry, "causation_id", _id(cause))
            _put(entry, "source", source)
            _put(entry, "_text", text)
            _put(entry, "_history", self)
            yield entry  # fmt: skip

    def sentence(self, topic: str, details: Mapping[str, Any]) -> str:
        """What an event says in a line."""
        return sentence_of(self.kinds, topic, details, self._names)

    @cached_property
    def _names(self) -> Mapping[str, str]:
        """What cases, contact points and campaigns are called, by their ids, where that can be read."""
        names, campaigns = dict[str, str](), set[str]()
        for _, _, _, topic, *_, text in self.rows:
            if topic in NAMING:
                fields = json.loads(text)
                key, name = NAMING[topic]
                if fields.get(key) and fields.get(name):
                    names[fields[key]] = fields[name]
            if '"campaign_id":"' in text:
                campaigns.add(str(json.loads(text).get("campaign_id")))
        for key in campaigns:
            with suppress(UnreadableEventError, ValueError):
                campaign = self.streams.state(AGGREGATE, UUID(key))
                if isinstance(campaign, Campaign):
                    names[key] = campaign.plan.name
        return names


@lru_cache
def _id(text: str | None) -> UUID | None:
    """An id, as the core writes it; several records have one in a row: a command's, say."""
    return None if text is None else UUID(int=int(text.replace("-", ""), 16))
