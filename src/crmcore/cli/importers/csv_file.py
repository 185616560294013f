"""A CSV file (UTF-8; packed with gzip or xz, or not), record by record, in a bounded amount of memory."""

import csv
import gzip
import lzma
import zlib
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from io import BufferedReader, TextIOWrapper
from pathlib import Path
from typing import Final, TextIO

import attrs

from crmcore.cli.importers.row import Refused, SourceError

LONGEST: Final = 4 * 1024 * 1024
"""Characters to a row: what a cell of free text holds is well below."""
GZIP_MAGIC: Final = b"\x1f\x8b"
XZ_MAGIC: Final = b"\xfd7zXZ\x00"
ENDS: Final = ("\n", "\r")

# The limit of the csv module (131,072 to a cell) holds for the whole process, which is the
# command line; the rows are limited here.
csv.field_size_limit(max(csv.field_size_limit(), LONGEST + 1))


def csv_records(path: Path) -> Generator[tuple[int, list[str] | Refused], None, None]:
    """The records of the file *path* that are not empty, each with its (last) line.

    One that is not CSV, too long or not UTF-8 is refused.  Raises ``SourceError`` where the
    file is missing or damaged.
    """
    lines = _Lines(path)
    try:
        with _opened(path) as file:
            lines.file = file
            reader = csv.reader(lines, strict=True)
            while (record := _next(lines, reader)) is not None:
                if record or isinstance(record, Refused):
                    yield lines.number, record
    except (EOFError, zlib.error, gzip.BadGzipFile, lzma.LZMAError) as error:
        raise SourceError(
            f"{path}: the packed file is damaged after line {lines.number}: {error}"
        ) from None
    except OSError as error:
        raise SourceError(f"{path}: cannot be read: {error.strerror or error}") from None


@contextmanager
def _opened(path: Path) -> Iterator[TextIO]:
    """The text of a file, which is opened once, so that it may be a pipe.

    What is not UTF-8 stands in it as lone surrogates.
    """
    with (
        path.open("rb") as file,
        TextIOWrapper(_unpacked(file), "utf-8-sig", "surrogateescape", newline="") as text,
    ):
        yield text


def _unpacked(file: BufferedReader) -> BufferedReader | gzip.GzipFile | lzma.LZMAFile:
    begin = file.peek(len(XZ_MAGIC))
    if begin.startswith(GZIP_MAGIC):
        return gzip.GzipFile(fileobj=file)
    return lzma.LZMAFile(file) if begin.startswith(XZ_MAGIC) else file


def _next(lines: "_Lines", reader: Iterator[list[str]]) -> list[str] | Refused | None:
    lines.begin()
    try:
        record = next(reader, None)
    except csv.Error as error:
        if str(error).startswith("unexpected end of data"):
            raise lines.unclosed() from None
        return lines.refused(f"expected a row of CSV: {error}")
    return record if lines.fault is None else lines.fault


@attrs.define
class _Lines:
    """The lines of a text for a reader of CSV, which takes a row from as many as it needs.

    ``fault`` is what is wrong with the lines of the row.
    """

    path: Path
    file: TextIO = attrs.field(init=False)
    number: int = 0
    begun: int = 0
    length: int = 0
    fault: Refused | None = None

    def begin(self) -> None:
        """The next line is the first of a row."""
        self.begun, self.length, self.fault = self.number + 1, 0, None

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self.file.readline(LONGEST + 1)
        if not line:
            raise StopIteration
        self.number += 1
        if not line.isascii():
            self._check(line)
        if len(line) > LONGEST and not line.endswith(ENDS):
            line = self._left_out(line)
        self.length += len(line)
        if self.length > LONGEST + 1:
            raise self.unclosed()
        return line

    def refused(self, reason: str) -> Refused:
        """The row, which ends here, refused."""
        return Refused(self.path.name, self.number, reason)

    def unclosed(self) -> SourceError:
        """A quotation mark is missing: nobody knows where the next row begins."""
        return SourceError(
            f"{self.path}: a quotation mark in the row that begins on line {self.begun} is never"
            f" closed (read to line {self.number})"
        )

    def _check(self, line: str) -> None:
        try:
            line.encode()
        except UnicodeEncodeError as error:
            byte = ord(line[error.start]) & 0xFF
            self.fault = self.fault or self.refused(
                f"expected UTF-8 text, character {error.start + 1} is byte 0x{byte:02x}"
            )

    def _left_out(self, piece: str) -> str:
        """Read to the end of a line that is too long; what stands for it quotes as it did."""
        quotes = piece.count('"')
        while (piece := self.file.readline(LONGEST)) and not piece.endswith(ENDS):
            quotes += piece.count('"')
        quotes += piece.count('"')
        self.fault = self.fault or self.refused(f"expected at most {LONGEST:,} characters to a row")
        return '"\n' if quotes % 2 else "\n"
