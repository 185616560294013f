"""The values that options take, where click's own types say it otherwise than we do."""

from enum import Enum
from typing import TypeVar

import click

E = TypeVar("E", bound=Enum)


class OneOf(click.Choice[E]):
    """One member of an enumeration, by its value: click takes names."""

    def normalize_choice(self, choice: object, ctx: click.Context | None) -> str:
        """The word for *choice*."""
        return super().normalize_choice(choice.value if isinstance(choice, Enum) else choice, ctx)


class AtLeast(click.IntRange):
    """A whole number that is *least* at least; what is none is *not a valid integer*."""

    name = "integer"

    def __init__(self, least: int) -> None:
        super().__init__(min=least)
