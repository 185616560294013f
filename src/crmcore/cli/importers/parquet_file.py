"""A Parquet file, record by record: its cells as text, as they would stand in a CSV file."""

from collections.abc import Generator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from crmcore.cli.importers.row import SourceError

MAGIC: Final = b"PAR1"
ROWS: Final = 10_000
"""In memory at a time."""


def is_parquet(path: Path) -> bool:
    """Whether *path* is a Parquet file, by its first bytes."""
    if path.is_file():
        with suppress(OSError), path.open("rb") as file:
            return file.read(len(MAGIC)) == MAGIC
    return False


def parquet_records(path: Path) -> Generator[tuple[int, list[str]], None, None]:
    """The names of the columns, then the records of the file *path*, numbered from 1.

    Raises ``SourceError`` where the file is damaged, or the library that reads it is missing.
    """
    try:
        from pyarrow import ArrowException
        from pyarrow.parquet import ParquetFile
    except ModuleNotFoundError:
        raise SourceError(
            f"{path}: reading Parquet needs more: pip install 'crmcore[parquet]'"
        ) from None
    number = 0
    try:
        with ParquetFile(path) as file:
            yield 0, list(file.schema_arrow.names)
            for batch in file.iter_batches(ROWS):
                for cells in zip(*map(_texts, batch.columns), strict=True):
                    number += 1
                    yield number, list(cells)
    except (ArrowException, OSError) as error:
        reason = str(error).partition("\n")[0]
        raise SourceError(f"{path}: is damaged after row {number:,}: {reason}") from None


def _texts(column: Any) -> list[str]:
    from pyarrow import string, timestamp, types

    if types.is_timestamp(column.type):  # nanoseconds are more than an instant has
        column = column.cast(timestamp("us", column.type.tz), safe=False)
    if types.is_nested(column.type) or types.is_binary(column.type):
        return ["" if value is None else str(value) for value in column.to_pylist()]
    return ["" if text is None else text for text in column.cast(string()).to_pylist()]
