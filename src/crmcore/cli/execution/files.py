"""Files of commands: opened to be read, from a path or from standard input."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final

from crmcore.cli.faults import Fault

GZIP: Final = b"\x1f\x8b"
"""How a file begins that gzip has compressed."""


@contextmanager
def opened_file(file: str) -> Iterator[BinaryIO]:
    """The bytes of *file*; of standard input for ``-``.  Raises ``Fault`` where it cannot be read."""
    with _stream(file) as stream:
        if hasattr(stream, "peek") and stream.peek(len(GZIP)).startswith(GZIP):
            raise Fault(
                f"{file}: is compressed by gzip: `gunzip -c FILE.gz | crmcore execute -` reads it"
            )
        yield stream


@contextmanager
def _stream(file: str) -> Iterator[Any]:
    if file == "-":
        if sys.stdin is None:  # closed by the caller
            raise Fault("-: cannot be read: standard input is closed")
        yield sys.stdin.buffer
        return
    try:
        stream = Path(file).open("rb")  # noqa: SIM115  # only the opening can fail here
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise Fault(f"{file}: cannot be read: {reason}") from None
    with stream:
        yield stream


def size_of(file: str) -> int | None:
    """The bytes of *file*, where that is known."""
    return None if file == "-" else Path(file).stat().st_size or None
