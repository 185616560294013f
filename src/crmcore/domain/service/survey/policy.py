"""By which rules customers are asked for feedback: how often, and how long they may answer."""

from datetime import timedelta
from typing import Any, Final

import attrs

from crmcore.domain.kernel import InvalidValueError
from crmcore.domain.kernel.frozen import frozen

LONGEST = timedelta(days=3_660)


def _span(_self: Any, field: Any, span: timedelta) -> None:
    if not timedelta(0) <= span <= LONGEST:
        raise InvalidValueError(field.name, span, f"a duration from 0 to {LONGEST.days} days")


def _some(_self: Any, field: Any, span: timedelta) -> None:
    if span == timedelta(0):
        raise InvalidValueError(field.name, span, "a duration longer than 0")


@frozen(kw_only=True)
class FeedbackPolicy:
    """What an organisation decides for itself about surveys (elapsed time, not working time).

    Between two surveys to one customer lies at least ``throttle``; 0 asks every time.  A survey
    expires ``open_for`` after it was offered.  An answer can be replaced by a later one up to
    and including ``editable_for`` after the first, while the survey is open.
    """

    version: str
    throttle: timedelta = attrs.field(default=timedelta(days=30), validator=_span)
    open_for: timedelta = attrs.field(default=timedelta(days=14), validator=[_span, _some])
    editable_for: timedelta = attrs.field(default=timedelta(hours=72), validator=_span)


STANDARD_FEEDBACK: Final = FeedbackPolicy(version="standard-1")
