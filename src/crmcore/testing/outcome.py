"""What a command came to, and what a test says of it."""

import re
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from crmcore.domain.kernel.frozen import frozen
from crmcore.testing.differences import differences

S = TypeVar("S")


@frozen
class Outcome(Generic[S]):
    """The events of a command, or its refusal; what a test says otherwise is an ``AssertionError``."""

    events: tuple[Any, ...]
    refusal: Exception | None
    _then: Callable[[], S]
    """What the test goes on with."""

    def then(self, *expected: Any) -> S:
        """Exactly these events, in this order; the test goes on with them recorded."""
        if self.refusal is not None:
            raise AssertionError(f"refused: {self.refusal}") from self.refusal
        if self.events != expected:
            raise AssertionError(differences(expected, self.events))
        return self._then()

    def then_nothing(self) -> S:
        """No event: the effect holds already."""
        return self.then()

    def then_refused(
        self, kind: type[Exception], match: str = "", *, field: str | None = None
    ) -> S:
        """A refusal of this kind, whose words match the pattern, about a *field* of the command.

        Nothing was recorded: the test goes on as if the command had not come.
        """
        refusal = self.refusal
        if refusal is None:
            told = ", ".join(map(repr, self.events)) or "no event"
            raise AssertionError(f"expected {kind.__name__}, but it was not refused: {told}")
        if not isinstance(refusal, kind):
            got = f"got {type(refusal).__name__}: {refusal}"
            raise AssertionError(f"expected {kind.__name__}, {got}") from refusal
        if not re.search(match, str(refusal)):
            raise AssertionError(f"expected words like {match!r}, got: {refusal}") from refusal
        fields = [error.field for error in getattr(refusal, "errors", ())]
        if field is not None and field not in fields:
            named = ", ".join(fields) or "no field"
            raise AssertionError(
                f"expected a refusal about {field}, got one about {named}: {refusal}"
            ) from refusal
        return self._then()
