"""What a service organisation decides for itself about its cases."""

from datetime import timedelta
from typing import Any, Final

import attrs

from crmcore.domain.kernel import InvalidValueError
from crmcore.domain.kernel.frozen import frozen
from crmcore.domain.service.levels.version.state import STANDARD_VERSION, ServiceLevelVersion
from crmcore.domain.service.priority import STANDARD_MATRIX, PriorityMatrix

LONGEST_WINDOW = timedelta(days=3_660)


def _window(_self: Any, _field: Any, window: timedelta) -> None:
    if not timedelta(0) <= window <= LONGEST_WINDOW:
        raise InvalidValueError(
            "reopen_window", window, f"a duration from 0 to {LONGEST_WINDOW.days} days"
        )


@frozen
class CasePolicy:
    """The priority matrix, the service levels in force, the reopen window.

    A solved case may be reopened up to and including ``reopen_window`` (elapsed time) later.
    """

    matrix: PriorityMatrix = STANDARD_MATRIX
    service_levels: ServiceLevelVersion = STANDARD_VERSION
    reopen_window: timedelta = attrs.field(default=timedelta(days=14), validator=_window)

    def __repr__(self) -> str:
        return (
            f"CasePolicy(matrix={self.matrix.version!r},"
            f" service_levels={self.service_levels.version!r}, reopen_window={self.reopen_window})"
        )


STANDARD_POLICY: Final = CasePolicy()
