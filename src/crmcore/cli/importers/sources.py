"""Files of other systems, read row by row into typed rows.

A foreign row is a frozen attrs class: its fields are the columns that must be there, its
converters say what a cell must hold.  A row that cannot be read is refused with its number
and reason, and reading goes on; a file that cannot be read is one error.
"""

import csv
import gzip
import lzma
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TextIO, TypeVar

import attrs

from crmcore.cli.importers.row import Refused
from crmcore.domain.kernel import shown

__all__ = ["Found", "SourceError", "located", "one_file", "read"]

if TYPE_CHECKING:
    from _csv import Reader

R = TypeVar("R")
GZIP_MAGIC = b"\x1f\x8b"
XZ_MAGIC = b"\xfd7zXZ\x00"
ENDINGS = ("", ".gz", ".xz")
HOPELESS = ("unexpected end of data", "field larger than field limit")


class SourceError(Exception):
    """A file cannot be read, or not to its end: which, where, and what was expected."""


@attrs.frozen
class Found(Generic[R]):
    """A *row* that stands on *line* of the file *source*."""

    source: str
    line: int
    row: R

    def refused(self, reason: str) -> Refused:
        """This row, refused."""
        return Refused(self.source, self.line, reason)


def located(folder: Path, name: str) -> Path:
    """The file *name* in *folder*, as it is or packed (``name.gz``); ``SourceError`` if none is there."""
    for path in (folder / f"{name}{ending}" for ending in ENDINGS):
        if path.is_file():
            return path
    raise SourceError(f"{folder}: expected a file {name} or {name}.gz (or .xz), there is none")


def one_file(path: Path, name: str) -> Path:
    """The file *path* itself, or the file *name* in the folder *path*."""
    return path if path.is_file() else located(path, name)


def read(path: Path, kind: type[R]) -> Iterator[Found[R] | Refused]:
    """The rows of the CSV file *path* (UTF-8, with a header line; packed with gzip or xz, or not) as *kind*.

    Columns that *kind* does not name are ignored, as are empty lines.  Raises ``SourceError``
    for a file that is missing, empty, damaged, not UTF-8 or without one of the columns.
    """
    line = 0
    try:
        with _opened(path) as file:
            for line, cells in _records(path, csv.reader(file, strict=True), kind):
                yield cells if isinstance(cells, Refused) else _typed(path, line, cells, kind)
    except UnicodeDecodeError:
        raise SourceError(f"{path}: expected UTF-8 text, it is not after line {line}") from None
    except (EOFError, zlib.error, gzip.BadGzipFile, lzma.LZMAError) as error:
        raise SourceError(
            f"{path}: the packed file is damaged after line {line}: {error}"
        ) from None
    except OSError as error:
        raise SourceError(f"{path}: cannot be read: {error.strerror or error}") from None


def _opened(path: Path) -> TextIO:
    with path.open("rb") as file:
        begin = file.read(len(XZ_MAGIC))
    if begin.startswith(GZIP_MAGIC):
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    if begin == XZ_MAGIC:
        return lzma.open(path, "rt", encoding="utf-8-sig", newline="")
    return path.open(encoding="utf-8-sig", newline="")


def _records(path: Path, reader: "Reader", kind: type) -> Iterator[tuple[int, list[str] | Refused]]:
    header = _next(path, reader)
    if not isinstance(header, list):
        expected = ", ".join(attrs.fields_dict(kind))
        raise SourceError(
            f"{path}: expected a header line with {expected}; the file begins without"
        )
    places = _places(path, header, kind)
    while (cells := _next(path, reader)) is not None:
        if isinstance(cells, Refused):
            yield cells.line, cells
        elif len(cells) == len(header):
            yield reader.line_num, [cells[place] for place in places]
        elif cells:
            reason = f"expected {len(header)} cells as in the header, got {len(cells)}"
            yield reader.line_num, Refused(path.name, reader.line_num, reason)


def _next(path: Path, reader: "Reader") -> list[str] | Refused | None:
    try:
        return next(reader, None)
    except csv.Error as error:
        if str(error).startswith(HOPELESS):
            text = f"{path}: a quotation mark before line {reader.line_num} is never closed"
            raise SourceError(text) from None
        return Refused(path.name, reader.line_num, f"expected a row of CSV: {error}")


def _places(path: Path, header: Sequence[str], kind: type) -> list[int]:
    columns = list(attrs.fields_dict(kind))
    missing = [column for column in columns if header.count(column) != 1]
    if missing:
        raise SourceError(
            f"{path}: expected each column once, not so with {', '.join(missing)};"
            f" its header is {shown(','.join(header), width=200)}"
        )
    return [header.index(column) for column in columns]


def _typed(path: Path, line: int, cells: Sequence[str], kind: type[R]) -> Found[R] | Refused:
    try:
        return Found(path.name, line, kind(*cells))
    except ValueError:
        return Refused(path.name, line, _fault(cells, kind))


def _fault(cells: Sequence[str], kind: type) -> str:
    """Which cell is wrong: looked for only when a row is, so that good rows stay fast."""
    for field, cell in zip(attrs.fields(kind), cells, strict=True):
        try:
            if field.converter is not None:
                field.converter(cell)
        except ValueError as error:
            return f"{field.name}: expected {error}, got {shown(cell)}"
    raise AssertionError(f"{kind.__name__} refuses cells that each of its converters takes")
