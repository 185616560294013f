"""Log records of the standard library: an event's name, and its particulars as fields of the record.

Nothing is configured here: whoever wants them adds a handler to the logger ``crmcore``.
"""

import json
import logging
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from crmcore.application.telemetry import FAILED, Happening, Operation, Particulars, Value

logging.getLogger("crmcore").addHandler(logging.NullHandler())

FIELDS: Final = "crmcore_fields"
"""The attribute of a record that holds all its fields, for whoever formats them."""


class LogRecords:
    """Writes a record for each thing that happens (``crmcore.application.telemetry.Observer``)."""

    def __init__(self) -> None:
        self._loggers: dict[str, logging.Logger] = {}

    def wants(self, happening: Happening) -> bool:
        """Whether the logger is on for its level."""
        return not happening.gauges and self._logger(happening).isEnabledFor(happening.level)

    def begin(self, operation: Operation) -> object:
        """There is nothing to write yet."""

    def end(self, operation: Operation, begun: object) -> None:  # noqa: ARG002  # there is none
        """Write what was done, and how long it took."""
        seconds = round(operation.seconds, 6)
        self.report(operation.happening, {**operation.particulars, "duration_seconds": seconds})

    def report(self, happening: Happening, particulars: Particulars) -> None:
        """Write a record."""
        fields = {name: _plain(value) for name, value in particulars.items() if value is not None}
        trouble = fields.get("outcome") == FAILED
        level = max(happening.level, logging.WARNING) if trouble else happening.level
        said = " ".join(f"{name}={value}" for name, value in fields.items() if name != "log")
        self._logger(happening).log(
            level,
            "%s %s",
            happening.name,
            said,
            extra={"event": happening.name, FIELDS: fields, **fields},
        )

    def _logger(self, happening: Happening) -> logging.Logger:
        found = self._loggers.get(happening.logger)
        if found is None:
            found = self._loggers[happening.logger] = logging.getLogger(happening.logger)
        return found


def _plain(value: Value) -> object:
    return str(value) if isinstance(value, UUID) else value


class JsonLines(logging.Formatter):
    """Writes a record as a line of JSON: time (UTC), level, logger, event and its fields.

    Of a record that is not of a core's event, the message.
    """

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        instant = datetime.fromtimestamp(record.created, UTC).replace(tzinfo=None)
        told: dict[str, object] = {
            "time": f"{instant.isoformat(timespec='milliseconds')}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
        }
        fields = vars(record).get(FIELDS)
        if fields is None:
            told["message"] = record.getMessage()
        else:
            told |= {"event": vars(record)["event"], **fields}
        return json.dumps(told, ensure_ascii=False, default=str)
