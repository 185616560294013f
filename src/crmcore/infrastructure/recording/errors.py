"""Errors, as whoever programs against the ``eventsourcing`` package expects them."""

from collections.abc import Iterator
from contextlib import contextmanager

from eventsourcing import persistence
from sqlalchemy import exc

from crmcore.application.errors import MisuseError, StoreError

_COUNTERPARTS: tuple[tuple[type[exc.SQLAlchemyError], type[persistence.PersistenceError]], ...] = (
    (exc.IntegrityError, persistence.IntegrityError),
    (exc.DataError, persistence.DataError),
    (exc.ProgrammingError, persistence.ProgrammingError),
    (exc.NotSupportedError, persistence.NotSupportedError),
    (exc.InternalError, persistence.InternalError),
    (exc.InterfaceError, persistence.InterfaceError),
    (exc.OperationalError, persistence.OperationalError),
    (exc.TimeoutError, persistence.OperationalError),  # no connection of the pool came free
    (exc.DBAPIError, persistence.DatabaseError),
)


@contextmanager
def recorder_errors() -> Iterator[None]:
    """Raise the package's exception in place of the database's; its text stays."""
    try:
        yield
    except exc.SQLAlchemyError as error:
        said = getattr(error, "orig", None) or error
        raise _counterpart(error)(str(said)) from error
    except OverflowError as error:  # SQLite's driver, of an integer beyond 64 bits
        raise persistence.DataError(str(error)) from error
    except MisuseError as error:
        raise persistence.ProgrammingError(str(error)) from error
    except StoreError as error:
        raise _counterpart(error.__cause__)(str(error)) from error


def _counterpart(error: BaseException | None) -> type[persistence.PersistenceError]:
    for kind, counterpart in _COUNTERPARTS:
        if isinstance(error, kind):
            return counterpart
    return persistence.OperationalError
