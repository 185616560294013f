"""Finding the class of a message by its topic, and saying what helps where there is none."""

import difflib
from collections.abc import Iterable, Mapping, Sequence

from crmcore.application.errors import UnknownTopicError
from crmcore.domain.kernel import shown


def kind_named(what: str, topic: str, kinds: Mapping[str, type]) -> type:
    """The class among *kinds* whose topic this is; *what* they are is told where there is none.

    Raises ``UnknownTopicError``.
    """
    kind = kinds.get(topic) if isinstance(topic, str) else None
    if kind is None:
        hints = nearest(topic, kinds), _not_loaded(topic, kinds)
        raise UnknownTopicError(what, topic, " ".join(filter(None, hints)))
    return kind


def nearest(word: object, words: Iterable[str]) -> str:
    """A question whether one of *words* is meant by *word*; nothing where none is near."""
    given = word[:100] if isinstance(word, str) else ""
    near: Sequence[str] = difflib.get_close_matches(given, list(words), n=1)
    return f"did you mean {near[0]}?" if near else ""


def _not_loaded(topic: object, known: Iterable[str]) -> str:
    """What helps where *topic* is of a context of which no topic is *known*."""
    context, dot, _ = topic.partition(".") if isinstance(topic, str) else ("", "", "")
    if not dot or any(one.startswith(f"{context}.") for one in known):
        return ""
    return (
        f"no context {shown(context)} is loaded (--contexts on the command line,"
        " crmcore.open(..., contexts=[...]) in Python)"
    )
