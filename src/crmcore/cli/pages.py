"""Lists page by page, in one way for all of them: ``--limit``, ``--after``, and the next cursor."""

from collections.abc import Callable, Sequence
from typing import Any, Final

import click

from crmcore.cli.faults import WrongCallError
from crmcore.cli.output import emit
from crmcore.cli.values import AtLeast
from crmcore.contexts import Page
from crmcore.errors import InvalidValueError

A_PAGE: Final = 1_000
"""Items that a question gives at a time, at most."""
FIRST: Final = 20
"""Items that a list shows where nothing is said."""
limit = click.option(
    "--limit",
    metavar="N",
    type=AtLeast(1),
    default=FIRST,
    help="Show so many at most.",
)
after = click.option("--after", metavar="CURSOR", help="Go on after a page: its `next`.")


def find(
    question: Callable[..., Page[Any]], *, limit: int, after: str | None = None, **wanted: Any
) -> Page[Any]:
    """The first *limit* items that *question* finds, or those *after* a cursor.

    Raises ``WrongCallError``, which names the option that cannot be.
    """
    items: list[Any] = []
    while True:
        most = min(A_PAGE, limit - len(items))
        try:
            page = question(**wanted, limit=most, after=after)
        except InvalidValueError as error:
            raise WrongCallError(f"--{error}") from None
        items += page.items
        after = page.next
        if after is None or len(items) == limit:
            return Page(tuple(items), after)


def emit_page(name: str, items: Sequence[Any], after: str | None, **further: Any) -> None:
    """A page for programs: what was asked *further*, the items, and the cursor of those that follow."""
    emit(further | {name: items, "next": after})


def show_next(after: str | None) -> None:
    """How to see the next page, if there is one."""
    if after is not None:
        click.echo(f"More: --after {after}")  # never broken: it is to be copied
