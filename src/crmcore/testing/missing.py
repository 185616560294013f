"""What parts of the kit need that is no part of crmcore itself."""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def needed(package: str) -> Iterator[None]:
    """Import *package* in the block; where it is not there, ``ImportError`` says what helps."""
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != package:
            raise
        raise ImportError(
            f"this part of crmcore.testing needs {package}: pip install 'crmcore[testing]'",
            name=package,
        ) from None
