"""Where the demo works: its data, and a database that is temporary or kept."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import attrs

import crmcore
from crmcore.cli.faults import Fault
from crmcore.cli.imports.reports import ACTOR
from crmcore.cli.session import Options
from crmcore.errors import StoreMissingError

SETS: Final = ("completejourney", "boston311")
FILE_URL: Final = "sqlite:///"


def data_folder(given: Path | None) -> Path:
    """The folder with both data sets: as *given*, or the one that comes with the repository."""
    places = [Path(__file__).parents[3] / "examples" / "data", Path("examples") / "data"]
    for folder in places if given is None else [given]:
        if all((folder / name).is_dir() for name in SETS):
            return folder
    where = (
        f"{given}: expected" if given else "the bundled data is not here: expected a folder with"
    )
    raise Fault(f"{where} the folders {' and '.join(SETS)}; --data FOLDER names another place")


@contextmanager
def place(options: Options, file: Path | None, keep: bool) -> Iterator[crmcore.CRM]:
    """An empty log for the demo.  One that an earlier demo left is replaced, no other is."""
    if not keep:
        with (
            TemporaryDirectory(prefix="crmcore-demo-") as folder,
            crmcore.open(f"{FILE_URL}{folder}/demo.db") as crm,
        ):
            yield crm
        return
    kept = options if file is None else attrs.evolve(options, db=f"{FILE_URL}{file}", tenant=None)
    _make_room(kept)
    with crmcore.open(kept.db, tenant=kept.tenant) as crm:
        yield crm


def _make_room(options: Options) -> None:
    try:
        with crmcore.open(options.db, tenant=options.tenant, create=False) as crm:
            first, where = next(iter(crm.events()), None), crm.where
    except StoreMissingError:
        return
    if first is None:
        return
    if first.actor != ACTOR or not where.startswith(FILE_URL):
        raise Fault(f"{where} holds other records, which the demo leaves alone: name another file")
    for ending in ("", "-wal", "-shm"):
        Path(f"{where.removeprefix(FILE_URL)}{ending}").unlink(missing_ok=True)
