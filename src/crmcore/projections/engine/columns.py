"""Column types that keep values exact in both databases."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import DateTime, Dialect, Numeric, Text
from sqlalchemy.types import TypeDecorator, TypeEngine

__all__ = ["Exact", "Instant"]


class Instant(TypeDecorator[datetime]):
    """An instant in UTC: ``timestamptz`` on PostgreSQL, ISO 8601 text that sorts on SQLite."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Text on SQLite, which has no type for instants."""
        text = dialect.name == "sqlite"
        return dialect.type_descriptor(Text() if text else DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Aware instants only: what is stored is UTC."""
        if value is None or dialect.name != "sqlite":
            return value
        utc = value if value.tzinfo is UTC else value.astimezone(UTC)
        return utc.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """The instant in UTC, whatever zone the connection shows it in."""
        if value is None:
            return None
        if dialect.name == "sqlite":
            return datetime.fromisoformat(value)
        instant: datetime = value.astimezone(UTC)
        return instant


class Exact(TypeDecorator[Decimal]):
    """An exact decimal: ``numeric`` on PostgreSQL, its digits as text on SQLite."""

    impl = Numeric(asdecimal=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Text on SQLite, whose numbers are binary."""
        return dialect.type_descriptor(Text() if dialect.name == "sqlite" else Numeric())

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Any:
        """Plain digits, without an exponent."""
        return f"{value:f}" if value is not None and dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        """The decimal that went in."""
        return Decimal(value) if value is not None and dialect.name == "sqlite" else value
