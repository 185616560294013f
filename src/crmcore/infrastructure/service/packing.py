"""Values of the domain packed into a text column of a read model."""

import msgspec

from crmcore.domain.service.levels.timeline import Timeline

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Timeline).decode


class JsonPacking:
    """A case's timeline as JSON (``crmcore.projections.service.service_levels.timelines.Packing``)."""

    def pack(self, timeline: Timeline) -> str:
        """*timeline* as JSON."""
        return _encode(timeline).decode()

    def unpack(self, text: str) -> Timeline:
        """The timeline that was packed."""
        return _decode(text)
