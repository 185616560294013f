"""The instants that a question is asked with: each must say its time zone."""

import inspect
from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import ParamSpec, TypeVar, get_args

from crmcore.domain.kernel import zoned

P = ParamSpec("P")
T = TypeVar("T")


def about_instants(question: Callable[P, T]) -> Callable[P, T]:
    """*question*, refused by ``InvalidValueError`` where an instant is none or has no time zone.

    Which of its arguments are instants, its annotations say.
    """
    signature = inspect.signature(question)
    instants = [
        name
        for name, one in signature.parameters.items()
        if datetime in (one.annotation, *get_args(one.annotation))
    ]

    @wraps(question)
    def with_zones(*args: P.args, **kwargs: P.kwargs) -> T:
        given = signature.bind(*args, **kwargs).arguments
        for name in instants:
            if given.get(name) is not None:
                zoned(name, given[name])
        return question(*args, **kwargs)

    return with_zones
