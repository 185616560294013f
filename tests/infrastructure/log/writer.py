"""Another process that records events: ``python -m tests.infrastructure.log.writer URL STREAMS SIZE``."""

import sys
from uuid import uuid4

from eventsourcing.persistence import StoredEvent

from crmcore.eventsourcing import CrmApplicationRecorder, Factory


def stream(size: int, *, first: int = 1) -> list[StoredEvent]:
    """The events of a stream of its own."""
    originator_id = uuid4()
    return [
        StoredEvent(originator_id, version, "shop.thing-happened", b'{"n": %d}' % version)
        for version in range(first, first + size)
    ]


def main(url: str, streams: int, size: int) -> None:
    factory = Factory({Factory.CRMCORE_URL: url})
    recorder = CrmApplicationRecorder(factory.database)
    for _ in range(streams):
        recorder.insert_events(stream(size))
    factory.close()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
