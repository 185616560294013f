"""Holding a subscription: a lease that a thread of its own renews for as long as the block lasts."""

import logging
import os
import socket
import threading
from contextlib import suppress
from types import TracebackType
from typing import Final, Self

from crmcore.application.errors import StoreError
from crmcore.infrastructure.identity import new_id
from crmcore.infrastructure.log.projection_source import ProjectionSource
from crmcore.subscriptions.places import Places, SubscriptionRow

LEASE_SECONDS: Final = 15.0
"""After so long without a sign of life another consumer takes over."""

SIGNS: Final = 3
"""How often a lease is renewed before it would lapse."""

logger = logging.getLogger(__name__)


class LeaseLostError(Exception):
    """Another consumer has taken the subscription over, or somebody has moved or removed it."""


def new_holder() -> str:
    """The name of a consumer: its machine, its process, and what tells it from others there."""
    return f"{socket.gethostname()}:{os.getpid()}:{new_id().hex[-8:]}"


class Lease:
    """A subscription that is held; ``lost`` is set once it was taken over."""

    def __init__(
        self, source: ProjectionSource, places: Places, row: SubscriptionRow, seconds: float
    ) -> None:
        self.row = row
        self.lost = threading.Event()
        self._source, self._places, self._seconds = source, places, seconds
        self._over = threading.Event()
        self._thread = threading.Thread(
            target=self._renew, name=f"crmcore-lease-{row.name}", daemon=True
        )

    @property
    def token(self) -> int:
        """What tells this lease from those before and after it."""
        return self.row.token

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join()
        with suppress(StoreError), self._source.write() as connection:  # else it lapses by itself
            self._places.release(connection, self.row.name, self.token)

    def _renew(self) -> None:
        name = self.row.name
        while not self._over.wait(self._seconds / SIGNS):
            try:
                with self._source.write() as connection:
                    if not self._places.renew(connection, name, self.token, self._seconds):
                        self.lost.set()
                        return
            except (
                StoreError
            ) as error:  # there may be time left; a place that is not ours does not move
                logger.warning("%s: its lease is not renewed, tried again soon: %s", name, error)
