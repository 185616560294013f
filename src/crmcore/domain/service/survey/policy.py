"""By which rules customers are asked for feedback: when, how often, and how long they may answer."""

from datetime import timedelta
from typing import Any, Final

import attrs

from crmcore.domain.kernel import Channel, InvalidValueError
from crmcore.domain.kernel.frozen import frozen
from crmcore.domain.service.survey.messages import SurveyKind

LONGEST = timedelta(days=3_660)


def _span(_self: Any, field: Any, span: timedelta) -> None:
    if not timedelta(0) <= span <= LONGEST:
        raise InvalidValueError(field.name, span, f"a duration from 0 to {LONGEST.days} days")


def _some(_self: Any, field: Any, span: timedelta) -> None:
    if span == timedelta(0):
        raise InvalidValueError(field.name, span, "a duration longer than 0")


def _kind(_self: Any, field: Any, kind: Any) -> None:
    if kind is not None and not isinstance(kind, SurveyKind):
        raise InvalidValueError(field.name, kind, "a SurveyKind, or None")


def _channel(_self: Any, field: Any, channel: Any) -> None:
    if not isinstance(channel, Channel):
        raise InvalidValueError(field.name, channel, "a Channel")


@frozen(kw_only=True)
class FeedbackPolicy:
    """What an organisation decides for itself about surveys (elapsed time, not working time).

    Between two surveys to one customer lies at least ``throttle``; 0 asks every time.  A survey
    expires ``open_for`` after it was offered.  An answer can be replaced by a later one up to
    and including ``editable_for`` after the first, while the survey is open.

    ``offer_when_solved`` is the kind of survey that is offered by ``channel`` as soon as a case is
    solved; None: none is offered by itself.
    """

    version: str
    throttle: timedelta = attrs.field(default=timedelta(days=30), validator=_span)
    open_for: timedelta = attrs.field(default=timedelta(days=14), validator=[_span, _some])
    editable_for: timedelta = attrs.field(default=timedelta(hours=72), validator=_span)
    offer_when_solved: SurveyKind | None = attrs.field(default=None, validator=_kind)
    channel: Channel = attrs.field(default=Channel.EMAIL, validator=_channel)


STANDARD_FEEDBACK: Final = FeedbackPolicy(version="standard-1")
