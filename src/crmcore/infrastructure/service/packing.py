"""Values of the domain packed into a text column of a read model."""

from functools import cache

import msgspec

from crmcore.domain.service.levels.timeline import Timeline

_encode = msgspec.json.Encoder().encode


@cache
def _decoder() -> msgspec.json.Decoder[Timeline]:
    """Made when the first timeline is read: the classes that it is made of are built for that."""
    return msgspec.json.Decoder(Timeline)


class JsonPacking:
    """A case's timeline as JSON (``crmcore.projections.service.service_levels.timelines.Packing``)."""

    def __repr__(self) -> str:
        return "JsonPacking()"

    def pack(self, timeline: Timeline) -> str:
        """*timeline* as JSON."""
        return _encode(timeline).decode()

    def unpack(self, text: str) -> Timeline:
        """The timeline that was packed."""
        return _decoder().decode(text)
