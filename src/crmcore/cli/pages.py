"""Questions that answer page by page, read to the end or as far as is wanted."""

from collections.abc import Callable
from typing import Any, Final

A_PAGE: Final = 1_000


def items_of(find: Callable[..., Any], most: int | None = None, **criteria: Any) -> list[Any]:
    """The items of all pages that *find* gives by *criteria*, or the first *most* of them."""
    items: list[Any] = []
    after = None
    while most is None or len(items) < most:
        limit = A_PAGE if most is None else min(A_PAGE, most - len(items))
        page = find(**criteria, limit=limit, after=after)
        items += page.items
        after = page.next
        if after is None:
            break
    return items
