"""Examples in docstrings, as a console shows them: an extension of griffe, which reads the docstrings."""

import re
from typing import Any

import griffe

EXAMPLE = re.compile(r"(?:^>>> .*\n?(?:^(?!\s*$).*\n?)*)", re.MULTILINE)
FLAGS = re.compile(r" +# doctest: .*$", re.MULTILINE)


class Doctests(griffe.Extension):
    """Fences each example off, which Markdown would read as prose."""

    def on_object(self, *, obj: griffe.Object, **_more: Any) -> None:
        """See to the docstring of a module, a class, a function or an attribute."""
        if obj.docstring is not None:
            obj.docstring.value = fenced(obj.docstring.value)


def fenced(text: str) -> str:
    """*text* with its examples as blocks of code."""
    return EXAMPLE.sub(lambda found: f"```pycon\n{FLAGS.sub('', found[0].rstrip())}\n```\n", text)
