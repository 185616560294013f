"""What is told of read models: names, positions, how far behind; no values."""

import logging
from collections.abc import Mapping
from typing import Final

from crmcore.application.telemetry import FAILED, Happening, Value
from crmcore.projections.engine.poison.poison import PoisonError, ProjectionStoppedError

LOGGER: Final = "crmcore.projections"
PREFIX: Final = "crmcore.read_model"
STOPPED: Final = "stopped"

BATCH: Final = Happening(
    name="batch",
    logger=LOGGER,
    prefix=PREFIX,
    span="crmcore.project",
    level=logging.DEBUG,
    dimensions=("read_model", "outcome"),
    sums={"events": "crmcore.read_model.events"},
)
LAG: Final = Happening(
    name="lag",
    logger=LOGGER,
    prefix=PREFIX,
    dimensions=("read_model",),
    gauges={"lag": "crmcore.read_model.lag"},
)
STOP: Final = Happening(
    name="stop",
    logger=LOGGER,
    prefix=PREFIX,
    counter="crmcore.read_model.stops",
    dimensions=("read_model", "error"),
)
DEAD_LETTER: Final = Happening(
    name="dead_letter",
    logger=LOGGER,
    prefix=PREFIX,
    counter="crmcore.read_model.dead_letters",
    level=logging.WARNING,
    dimensions=("read_model", "topic"),
)
REBUILD: Final = Happening(
    name="rebuild",
    logger=LOGGER,
    prefix="crmcore.rebuild",
    span="crmcore.rebuild",
    dimensions=("outcome",),
)
REBUILT: Final = Happening(
    name="rebuilt",
    logger=LOGGER,
    prefix=PREFIX,
    counter="crmcore.read_model.rebuilds",
    dimensions=("read_model",),
)
SWITCH: Final = Happening(
    name="switch",
    logger=LOGGER,
    prefix=PREFIX,
    counter="crmcore.read_model.switches",
    dimensions=("read_model", "way"),
)


def stop(error: BaseException) -> Mapping[str, Value]:
    """What is told of an error that a read model met: where, and its class."""
    if isinstance(error, PoisonError):
        cause = type(error.cause).__name__
        return {
            "outcome": STOPPED,
            "error": cause,
            "position": error.position,
            "topic": error.topic,
        }
    if isinstance(error, ProjectionStoppedError):
        return {
            "outcome": STOPPED,
            "error": type(error).__name__,
            "position": error.position,
            "topic": error.topic,
        }
    return {"outcome": FAILED, "error": type(error).__name__}
