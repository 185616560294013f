"""Seeing a core run: spans and metrics through OpenTelemetry.  docs/telemetry.md shows it.

Log records are written to the logger ``crmcore`` of the standard library; ``JsonLines`` is a formatter
for them.
"""

from __future__ import annotations  # of types of a package that may not be there

from typing import TYPE_CHECKING

from crmcore.infrastructure.telemetry.log_records import JsonLines

if TYPE_CHECKING:
    from opentelemetry.metrics import MeterProvider
    from opentelemetry.trace import TracerProvider

__all__ = ["JsonLines", "instrument", "uninstrument"]


def instrument(
    tracer_provider: TracerProvider | None = None, meter_provider: MeterProvider | None = None
) -> None:
    """Let every core of this process tell OpenTelemetry what it does, those that are open included.

    The providers are the global ones, where none is given.  A second call takes the place of the first.  Raises
    ``MisuseError`` where ``opentelemetry-api`` is not installed.
    """
    from crmcore.application.errors import MisuseError

    try:
        from crmcore.infrastructure.telemetry.opentelemetry import OpenTelemetry
    except ModuleNotFoundError:
        raise MisuseError(
            "spans and metrics need the package opentelemetry-api: pip install 'crmcore[telemetry]'"
        ) from None
    from crmcore.infrastructure.telemetry.observers import OBSERVERS

    uninstrument()
    OBSERVERS.append(OpenTelemetry(tracer_provider, meter_provider))


def uninstrument() -> None:
    """Tell OpenTelemetry nothing any more."""
    import sys

    from crmcore.infrastructure.telemetry.observers import OBSERVERS

    module = sys.modules.get("crmcore.infrastructure.telemetry.opentelemetry")
    if module is not None:
        OBSERVERS[:] = [one for one in OBSERVERS if not isinstance(one, module.OpenTelemetry)]
