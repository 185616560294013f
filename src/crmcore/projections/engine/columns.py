"""Column types that keep values exact in both databases."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import DateTime, Dialect, Numeric, Text
from sqlalchemy.types import TypeDecorator, TypeEngine

from crmcore.domain.kernel import zoned


class Instant(TypeDecorator[datetime]):
    """An instant in UTC: ``timestamptz`` on PostgreSQL, ISO 8601 text that sorts on SQLite."""

    impl = DateTime(timezone=True)
    cache_ok = True

    @property
    def python_type(self) -> type[datetime]:
        """What the column holds."""
        return datetime

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Text on SQLite, which has no type for instants."""
        text = dialect.name == "sqlite"
        return dialect.type_descriptor(Text() if text else DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Aware instants only: what is stored is UTC."""
        if dialect.name == "sqlite" or value is None:
            return _as_text(value)
        return zoned("instant", value)

    def bind_processor(self, dialect: Dialect) -> Any:
        """Straight to the text on SQLite: a rebuild writes many."""
        return _as_text if dialect.name == "sqlite" else super().bind_processor(dialect)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """The instant in UTC, whatever zone the connection shows it in."""
        if dialect.name == "sqlite":
            return _from_text(value)
        instant: datetime | None = None if value is None else value.astimezone(UTC)
        return instant

    def result_processor(self, dialect: Dialect, coltype: Any) -> Any:
        """Straight from the text on SQLite: a report reads many."""
        sqlite = dialect.name == "sqlite"
        return _from_text if sqlite else super().result_processor(dialect, coltype)


class Exact(TypeDecorator[Decimal]):
    """An exact decimal: ``numeric`` on PostgreSQL, its digits as text on SQLite."""

    impl = Numeric(asdecimal=True)
    cache_ok = True

    @property
    def python_type(self) -> type[Decimal]:
        """What the column holds."""
        return Decimal

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Text on SQLite, whose numbers are binary."""
        return dialect.type_descriptor(Text() if dialect.name == "sqlite" else Numeric())

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Any:
        """Plain digits, without an exponent."""
        return f"{value:f}" if value is not None and dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        """The decimal that went in."""
        return Decimal(value) if value is not None and dialect.name == "sqlite" else value


def _as_text(value: datetime | None) -> str | None:
    if value is None:
        return None
    utc = value if value.tzinfo is UTC else zoned("instant", value).astimezone(UTC)
    return utc.isoformat(timespec="microseconds")[:-6] + "Z"  # instead of +00:00


def _from_text(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value)
