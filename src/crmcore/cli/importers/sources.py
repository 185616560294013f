"""Files of other systems, read row by row into typed rows.

A foreign row is a frozen attrs class: its fields are the columns that must be there, its
converters say what a cell must hold.  A row that cannot be read is refused with its number
and reason, and reading goes on; a file that cannot be read is one error.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

import attrs

from crmcore.cli.importers.csv_file import csv_records
from crmcore.cli.importers.parquet_file import is_parquet, parquet_records
from crmcore.cli.importers.row import Refused, SourceError, Unkept
from crmcore.contexts import shown

R = TypeVar("R", bound=attrs.AttrsInstance)
ENDINGS: Final = (".csv", ".csv.gz", ".csv.xz", ".parquet")
NOTHING: Final = ("", "?", "NA")
"""What the publishers write where a cell holds nothing."""
NAMES, KEPT = "names", "kept"


@attrs.frozen
class Found(Generic[R]):
    """A *row* that stands on *line* of the file *source*."""

    source: str
    line: int
    row: R

    def refused(self, reason: str) -> Refused:
        """This row, refused."""
        return Refused(self.source, self.line, reason)


def column(*names: str, kept: bool = True) -> dict[str, Any]:
    """The metadata of a field that is published under one of *names*, or is not *kept* but compared.

    Letter case and underscores make no other name: ``OPEN_DT`` is ``open_dt``.
    """
    return {NAMES: names, KEPT: kept}


def located(folder: Path, *names: str) -> Path:
    """The first of the files *names* (without ending) that is in *folder*; ``SourceError`` if none is."""
    for path in (folder / f"{name}{ending}" for name in names for ending in ENDINGS):
        if path.is_file():
            return path
    if not folder.is_dir():
        raise SourceError(f"{folder}: expected the folder of the files, this is none")
    raise SourceError(f"{folder}: expected a file {_any_of(names)}, there is none")


def one_file(path: Path, name: str) -> Path:
    """The file *path* itself; or in the folder *path* the file *name*, or the only file of rows."""
    if not path.is_dir():
        return path
    rows = [file for file in sorted(path.iterdir()) if file.name.endswith(ENDINGS)]
    named = [file for file in rows if file.name in {f"{name}{ending}" for ending in ENDINGS}]
    if named or len(rows) == 1:
        return (named or rows)[0]
    there = f"there are {len(rows)} others: name one" if rows else "there is none"
    raise SourceError(f"{path}: expected a file {_any_of([name])}, {there}")


def _any_of(names: Sequence[str]) -> str:
    return f"{' or '.join(names)} ({', '.join(ENDINGS[:-1])} or {ENDINGS[-1]})"


def read(path: Path, *kinds: type[R]) -> Iterator[Found[R] | Refused | Unkept]:
    """The rows of the file *path* as the first of *kinds* that its header fits, then what is unkept.

    The file is CSV (UTF-8, with a header line; packed with gzip or xz, or not) or Parquet.
    Raises ``SourceError`` for a file that is missing, empty, damaged or without a column.
    """
    records = parquet_records(path) if is_parquet(path) else csv_records(path)
    with closing(records):
        _, header = next(records, (0, ()))
        if isinstance(header, Refused):
            raise SourceError(f"{path}: line {header.line}: {header.reason}")
        if not header:
            expected = ", ".join(attrs.fields_dict(kinds[0]))
            raise SourceError(
                f"{path}: expected a header line with {expected}; the file begins without"
            )
        layout = _layout(path, header, kinds)
        for line, cells in records:
            if isinstance(cells, Refused):
                yield cells
            elif len(cells) != len(header):
                reason = f"expected {len(header)} cells as in the header, got {len(cells)}"
                yield Refused(path.name, line, reason)
            else:
                yield layout.typed(path.name, line, cells)
    yield from layout.unkept(path.name)


@attrs.frozen
class Layout(Generic[R]):
    """Where in a file the columns of *kind* stand, and the others: how often these are filled."""

    kind: type[R]
    places: Sequence[int]
    others: Mapping[int, str]
    filled: list[int]

    def typed(self, source: str, line: int, cells: Sequence[str]) -> Found[R] | Refused:
        """The row that *cells* make."""
        for place in self.others:
            if cells[place] not in NOTHING:
                self.filled[place] += 1
        wanted = [cells[place] for place in self.places]
        try:
            return Found(source, line, self.kind(*wanted))
        except ValueError:
            return Refused(source, line, _fault(wanted, self.kind))

    def unkept(self, source: str) -> Iterator[Unkept]:
        """The columns that become nothing."""
        for place, name in self.others.items():
            yield Unkept(source, name, self.filled[place])


def _layout(path: Path, header: Sequence[str], kinds: Sequence[type[R]]) -> Layout[R]:
    plain = [_plain(name) for name in header]
    missing: list[str] = []
    for kind in kinds:
        fields = attrs.fields(kind)
        places = [_places(plain, field) for field in fields]
        lacking = [
            " or ".join(_names(field))
            for field, found in zip(fields, places, strict=True)
            if len(found) != 1
        ]
        if not lacking:
            kept = {at for field, [at] in zip(fields, places, strict=True) if _is_kept(field)}
            others = {at: name for at, name in enumerate(header) if at not in kept}
            return Layout(kind, [at for [at] in places], others, [0] * len(header))
        missing = lacking if not missing or len(lacking) < len(missing) else missing
    raise SourceError(
        f"{path}: expected each column once, not so with {', '.join(missing)};"
        f" its header is {shown(','.join(header), width=200)}"
    )


def _places(plain: Sequence[str], field: "attrs.Attribute[Any]") -> list[int]:
    wanted = {_plain(name) for name in _names(field)}
    return [at for at, name in enumerate(plain) if name in wanted]


def _names(field: "attrs.Attribute[Any]") -> Sequence[str]:
    return field.metadata.get(NAMES) or (field.name,)


def _is_kept(field: "attrs.Attribute[Any]") -> bool:
    return bool(field.metadata.get(KEPT, True))


def _plain(name: str) -> str:
    return re.sub(r"[\W_]", "", name.casefold())


def _fault(cells: Sequence[str], kind: type) -> str:
    """Which cell is wrong: looked for only when a row is, so that good rows stay fast."""
    for field, cell in zip(attrs.fields(kind), cells, strict=True):
        try:
            if field.converter is not None:
                field.converter(cell)
        except ValueError as error:
            return f"{field.name}: expected {error}, got {shown(cell)}"
    raise AssertionError(f"{kind.__name__} refuses cells that each of its converters takes")
