"""Does what a command refers to exist?  Asked over the borders of contexts, answered with yes or no."""

from typing import Protocol
from uuid import UUID

from crmcore.application.work import Work
from crmcore.domain.kernel import NotFoundError

__all__ = ["Exists", "require"]


class Exists(Protocol):
    """Whether another context has recorded the thing called *key*."""

    def __call__(self, work: Work, key: UUID, /) -> bool:
        """Yes or no; the stream that is read for it is checked with the rest of the work."""
        ...


def require(exists: Exists, work: Work, kind: str, key: UUID | None) -> None:
    """Refuse (``NotFoundError``) a *key* under which nothing of this *kind* exists; None refers to nothing."""
    if key is not None and not exists(work, key):
        raise NotFoundError(kind, key)
