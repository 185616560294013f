"""What a core tells, as the in-memory exporter, the in-memory reader and a handler got it."""

import json
import logging
from collections.abc import Iterator
from typing import Any

import attrs
import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from crmcore import telemetry


class Records(logging.Handler):
    """Keeps records."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.kept.append(record)


@attrs.define
class Told:
    """All that was told by now."""

    spans_kept: InMemorySpanExporter
    reader: InMemoryMetricReader
    records: Records

    def spans(self, name: str) -> list[ReadableSpan]:
        return [one for one in self.spans_kept.get_finished_spans() if one.name == name]

    def metric(self, name: str) -> list[tuple[dict[str, Any], Any]]:
        """The points of a metric: their attributes, and what was counted or measured."""
        data: Any = self.reader.get_metrics_data()
        return [
            (dict(point.attributes), getattr(point, "value", None) or getattr(point, "count", 0))
            for resource in (data.resource_metrics if data else ())
            for scope in resource.scope_metrics
            for metric in scope.metrics
            if metric.name == name
            for point in metric.data.data_points
        ]

    def logged(self, event: str) -> list[Any]:
        return [one for one in self.records.kept if getattr(one, "event", None) == event]

    def everything(self) -> str:
        """All of it, as text."""
        spans = [one.to_json() for one in self.spans_kept.get_finished_spans()]
        data = self.reader.get_metrics_data()
        form = logging.Formatter()
        records = [f"{form.format(one)} {vars(one)!r}" for one in self.records.kept]
        return "\n".join([*spans, data.to_json() if data else "", *records])


@pytest.fixture
def told() -> Iterator[Told]:
    """Everything is told, from here on."""
    spans, reader, records = InMemorySpanExporter(), InMemoryMetricReader(), Records()
    tracers, meters = TracerProvider(), MeterProvider([reader])
    tracers.add_span_processor(SimpleSpanProcessor(spans))
    logger = logging.getLogger("crmcore")
    before = logger.level
    logger.addHandler(records)
    logger.setLevel(logging.DEBUG)
    telemetry.instrument(tracers, meters)
    yield Told(spans, reader, records)
    telemetry.uninstrument()
    logger.removeHandler(records)
    logger.setLevel(before)
    tracers.shutdown()
    meters.shutdown()


def as_json(record: logging.LogRecord) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json.dumps(vars(record)["crmcore_fields"]))
    return found
