"""Logs for one test: made by copying one that is ready, and gone at the end."""

import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from shutil import disk_usage
from tempfile import TemporaryDirectory
from typing import Any, Final
from uuid import uuid4

import attrs
from sqlalchemy import URL, event
from sqlalchemy.schema import DropSchema

import crmcore.crm as face
from crmcore.application.policies import Policies
from crmcore.contexts.context import Context
from crmcore.domain.kernel.frozen import frozen
from crmcore.projections.engine.projection import Projection
from crmcore.testing.clock import Clock

FILE: Final = "crm.db"
MEMORY: Final = "/dev/shm"
"""Where Linux keeps files in memory."""

ROOM: Final = 256 * 1024 * 1024
"""Bytes that are to be left there: in a container it may be small."""

KEPT: Final = 16
"""Sets of parts for which a ready log is kept in memory."""


@contextmanager
def throwaway(
    *,
    contexts: Sequence[Context] = (),
    projections: Sequence[Projection] = (),
    policies: Policies | None = None,
    inline: Sequence[str] = (),
    clock: Callable[[], datetime] | None = None,
    on: str | URL | None = None,
) -> Iterator[face.CRM]:
    """An empty log, to be used until the end of the block; the arguments are those of ``crmcore.open``.

    It is a SQLite file, in memory where the system has room there, that waits for no disk, with the tables of its read models in place; or,
    *on* a database's URL, a tenant of its own there, on PostgreSQL a schema.  The *clock* is a ``Clock``
    that stands still on a Monday, unless another is given.
    """
    parts = _Parts(tuple(contexts), tuple(projections), policies)
    opening = {**parts.named, "inline": inline, "clock": clock or Clock()}
    if on is not None:
        with _tenant(on, opening) as crm:
            yield crm
        return
    with _folder() as folder:
        file = Path(folder, FILE)
        file.write_bytes(_ready(parts))
        with _opened(file, opening) as crm:
            yield crm


@frozen(eq=False)
class _Parts:
    """What the tables of a log's read models follow from."""

    contexts: tuple[Context, ...]
    projections: tuple[Projection, ...]
    policies: Policies | None

    @property
    def named(self) -> dict[str, Any]:
        """These as arguments of ``crmcore.open``."""
        return attrs.asdict(self, recurse=False)

    @property
    def key(self) -> tuple[int, ...]:
        """What tells them from others, as long as they live."""
        return tuple(map(id, (*self.contexts, None, *self.projections, None, self.policies)))


@attrs.define
class _Logs:
    """Files of empty logs that are ready to be copied."""

    bare: bytes = b""
    by_key: OrderedDict[tuple[int, ...], tuple[_Parts, bytes]] = attrs.Factory(OrderedDict)
    lock: threading.Lock = attrs.Factory(threading.Lock)


_LOGS: Final = _Logs()


def _ready(parts: _Parts) -> bytes:
    """The file of an empty log; with the tables of its read models from the second time on.

    To make these takes longer than a test that does not read them, and a test may have parts of its own.
    """
    with _LOGS.lock:
        if not _LOGS.bare:
            _LOGS.bare = _made(_Parts((), (), None), read_models=False)
        seen, file = _LOGS.by_key.pop(parts.key, (None, b""))
        if seen is not None and not file:
            file = _made(parts, read_models=True)
        _LOGS.by_key[parts.key] = parts, file
        if len(_LOGS.by_key) > KEPT:
            _LOGS.by_key.popitem(last=False)
        return file or _LOGS.bare


def _made(parts: _Parts, *, read_models: bool) -> bytes:
    with _folder() as folder:
        file = Path(folder, FILE)
        file.write_bytes(_LOGS.bare)
        with _opened(file, parts.named) as crm:
            if read_models:
                crm.catch_up()
        return file.read_bytes()


def _folder() -> TemporaryDirectory[str]:
    """A folder in memory, where the system has room for files there; or where others are put."""
    with suppress(OSError):
        if disk_usage(MEMORY).free > ROOM and os.access(MEMORY, os.W_OK):
            return TemporaryDirectory(prefix="crmcore-", dir=MEMORY)
    return TemporaryDirectory(prefix="crmcore-")


@contextmanager
def _opened(file: Path, opening: dict[str, Any]) -> Iterator[face.CRM]:
    """The log in a file, whose connections leave it to the system when they write to the disk."""
    with face.open(URL.create("sqlite", database=str(file)), **opening) as crm:
        engine = crm._database.engine
        event.listen(engine, "connect", _never_wait_for_the_disk)
        engine.dispose()  # the connections that were there before
        yield crm


def _never_wait_for_the_disk(connection: Any, _record: object) -> None:
    connection.execute("PRAGMA synchronous = OFF")


@contextmanager
def _tenant(on: str | URL, opening: dict[str, Any]) -> Iterator[face.CRM]:
    """The log of a tenant that nobody else has, whose schema or file is removed at the end."""
    with face.open(on, tenant=f"throwaway_{uuid4().hex[:24]}", **opening) as crm:
        database = crm._database
        try:
            yield crm
        finally:
            crm.close()
            if database.is_sqlite:
                for ending in ("", "-wal", "-shm"):
                    Path(f"{database.engine.url.database}{ending}").unlink(missing_ok=True)
            else:
                with database.engine.begin() as connection:
                    connection.execute(
                        DropSchema(database.tables.events.schema or "", cascade=True)
                    )
