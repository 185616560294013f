"""Where the slow tests run: logs with a history, ready in several states, copied for each round."""

import random
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

import attrs

import crmcore
from tests.histories import a_rich_history, send
from tests.own_server import OwnServer, own_server
from tests.projections.examples import ANN, at, known, order
from tests.slow.read_models import faulty, opened

sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))
synthetic = import_module("synthetic")  # the benchmarks are scripts, no package


class Place(Protocol):
    """A database system: makes logs, copies and drops them."""

    @property
    def name(self) -> str:
        """What it is called on the command line."""
        ...

    def make(self, log: str, template: str | None = None) -> str:
        """Make an empty log, or a copy of one that nobody has open; return its URL."""
        ...

    def url(self, log: str) -> str:
        """The address of a log."""
        ...

    def drop(self, log: str) -> None:
        """Drop a log."""
        ...


@attrs.frozen
class Files:
    """SQLite files."""

    folder: Path
    name: str = "sqlite"

    def make(self, log: str, template: str | None = None) -> str:
        if template is not None:
            assert not (self.folder / f"{template}.db-wal").exists(), "somebody has it open"
            shutil.copy(self.folder / f"{template}.db", self.folder / f"{log}.db")
        return self.url(log)

    def url(self, log: str) -> str:
        return f"sqlite:///{self.folder / log}.db"

    def drop(self, log: str) -> None:
        for file in self.folder.glob(f"{log}.db*"):
            file.unlink()


@attrs.frozen
class Server:
    """A PostgreSQL server of our own."""

    server: OwnServer
    name: str = "postgres"

    def make(self, log: str, template: str | None = None) -> str:
        return self.server.make(log, template or "template1")

    def url(self, log: str) -> str:
        return self.server.url(log)

    def drop(self, log: str) -> None:
        self.server.drop(log)


@contextmanager
def place(name: str) -> Iterator[Place]:
    """The database system of that name until the end of the block: ``sqlite`` or ``postgres``."""
    if name == "sqlite":
        with TemporaryDirectory(prefix="crmcore-slow-") as folder:
            yield Files(Path(folder))
    else:
        with own_server() as server:
            yield Server(server)


def templates(where: Place, events: int, seed: int) -> None:
    """Make a log in the states that the operations begin with.

    ``bare`` has never been followed; ``behind`` lacks the last third of the events; in ``aside``
    some were put aside as well; ``built`` has a generation beside the live one, and ``switched``
    has switched to it, both a third of the events behind.
    """
    third = events // 3
    with opened(where.make("start")) as crm:
        send(crm, a_rich_history())
        send(crm, known(ANN))
        synthetic.fill(crm._database, 2 * third, customers=third // 10, seed=seed)
    where.make("bare", "start")
    more(where, "bare", third, seed)
    for name in ("behind", "aside"):
        faulty[0] = name == "aside"
        with opened(where.make(name, "start")) as crm:
            crm.catch_up()
        faulty[0] = False
        more(where, name, third, seed)
    with opened(where.make("caught", "start")) as crm:
        crm.catch_up()
        for projection in crm.projections:
            crm.maintenance.rebuild(projection.name)
    where.make("built", "caught")
    more(where, "built", third, seed)
    with opened(where.make("switched", "caught")) as crm:
        for projection in crm.projections:
            crm.maintenance.switch(projection.name)
    more(where, "switched", third, seed)


def more(where: Place, log: str, events: int, seed: int) -> None:
    """Let further events come in that no read model has seen."""
    with opened(where.url(log)) as crm:
        synthetic.fill(crm._database, events, customers=events // 10, seed=seed + 1)


def buys(crm: crmcore.CRM, number: int) -> None:
    """A customer buys something."""
    chance = random.Random(number)
    price = f"{chance.randrange(1, 900)}.50"
    crm.execute(order(100_000 + number, price, at("2026-02-01"), customer=ANN), by="writer")
