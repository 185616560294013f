"""Those who are told what the cores of this process do."""

from typing import Final

from crmcore.application.telemetry import Observer
from crmcore.infrastructure.telemetry.log_records import LogRecords

OBSERVERS: Final[list[Observer]] = [LogRecords()]
"""Looked at anew each time, so that whoever is added is told of cores that are open by then."""
