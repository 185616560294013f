"""Spans and metrics through the OpenTelemetry API, which is imported with this module.

Errors are told by their classes: no message, no traceback, as these may quote a value.
"""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from opentelemetry import context, metrics, trace
from opentelemetry.metrics import MeterProvider
from opentelemetry.trace import StatusCode, TracerProvider

from crmcore.application.telemetry import FAILED, Happening, Operation, Particulars, Value

SCOPE = "crmcore"
SHARED = {
    "error": "error.type",
    "log": "crmcore.log",
    "correlation_id": "crmcore.correlation_id",
}
"""Attributes that are called the same wherever they are."""


class OpenTelemetry:
    """Spans and metrics of what happens (``crmcore.application.telemetry.Observer``)."""

    def __init__(
        self,
        tracer_provider: TracerProvider | None = None,
        meter_provider: MeterProvider | None = None,
    ) -> None:
        self._tracer = trace.get_tracer(SCOPE, tracer_provider=tracer_provider)
        self._meter = metrics.get_meter(SCOPE, meter_provider=meter_provider)
        self._instruments: dict[str, Any] = {}

    def wants(self, happening: Happening) -> bool:  # noqa: ARG002
        """Everything: what is sampled is the SDK's matter."""
        return True

    def begin(self, operation: Operation) -> object:
        """Start a span, which is the present one until the end."""
        span_name = operation.happening.span
        if span_name is None:
            return None
        span = self._tracer.start_span(
            span_name, attributes=attributes(operation.happening, operation.particulars)
        )
        return span, context.attach(trace.set_span_in_context(span))

    def end(self, operation: Operation, begun: Any) -> None:
        """End the span, and count."""
        happening, particulars = operation.happening, operation.particulars
        if begun is not None:
            span, token = begun
            context.detach(token)
            span.set_attributes(attributes(happening, particulars))
            if particulars.get("outcome") == FAILED:
                span.set_status(StatusCode.ERROR, str(particulars.get("error", "")))
            span.end()
        self._count(happening, particulars)
        duration = self._histogram(f"{happening.prefix}.duration")
        duration.record(operation.seconds, dimensions(happening, particulars))

    def report(self, happening: Happening, particulars: Particulars) -> None:
        """Count it, and add it to the present span."""
        self._count(happening, particulars)
        for name, metric in happening.gauges.items():
            value = particulars.get(name)
            if value is not None:
                self._gauge(metric).set(value, dimensions(happening, particulars))
        if not happening.gauges:
            told = attributes(happening, particulars)
            trace.get_current_span().add_event(f"crmcore.{happening.name}", told)

    def _count(self, happening: Happening, particulars: Particulars) -> None:
        by = dimensions(happening, particulars)
        if happening.counter is not None:
            self._counter(happening.counter).add(1, by)
        for name, metric in happening.sums.items():
            value = particulars.get(name)
            if isinstance(value, int | float) and value:
                self._counter(metric).add(value, by)

    def _counter(self, name: str) -> Any:
        return self._instrument(name, self._meter.create_counter)

    def _gauge(self, name: str) -> Any:
        return self._instrument(name, self._meter.create_gauge)

    def _histogram(self, name: str) -> Any:
        return self._instrument(name, lambda one: self._meter.create_histogram(one, unit="s"))

    def _instrument(self, name: str, make: Callable[[str], Any]) -> Any:
        found = self._instruments.get(name)
        if found is None:
            found = self._instruments[name] = make(name)
        return found


def attributes(happening: Happening, particulars: Particulars) -> dict[str, Any]:
    """Particulars as attributes, under names like ``crmcore.command.topic``."""
    return {
        SHARED.get(name, f"{happening.prefix}.{name}"): _plain(value)
        for name, value in particulars.items()
        if value is not None
    }


def dimensions(happening: Happening, particulars: Particulars) -> dict[str, Any]:
    """The particulars that metrics are told apart by."""
    names = ("log", *happening.dimensions)
    return attributes(happening, {name: particulars.get(name) for name in names})


def _plain(value: Value) -> Any:
    return str(value) if isinstance(value, UUID) else value
