"""The read models' questions as awaitables, whoever's they are."""

from collections.abc import Awaitable, Callable, Coroutine
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import SelectBase

from crmcore.domain.kernel.frozen import frozen

if TYPE_CHECKING:
    from crmcore.projections.engine.projection import Row
    from crmcore.reading import ReadModels

Run = Callable[[Callable[[], Any]], Awaitable[Any]]
"""Runs work in a thread, and awaits what it gives."""


@frozen
class AsyncQuestions:
    """The questions of one class, each to be awaited."""

    _run: Run
    _questions: Callable[[], Any]

    def __getattr__(self, name: str) -> Callable[..., Coroutine[Any, Any, Any]]:
        """The question of that name, with the parameters and answers of the synchronous one."""
        if name.startswith("_"):
            raise AttributeError(name)

        async def question(*args: Any, **kwargs: Any) -> Any:
            return await self._run(lambda: getattr(self._questions(), name)(*args, **kwargs))

        return question


@frozen
class AsyncReadModels:
    """The questions that the read models answer, each to be awaited.

    They are found by their names when they are asked, those of a host's contexts among them.  So a type
    checker does not know what they answer: ``aio.ask`` tells it.
    """

    _run: Run
    _read: Callable[[], "ReadModels"]

    def __getattr__(self, name: str) -> AsyncQuestions:
        """The questions of that name: awaited, one raises ``AttributeError`` where there are none."""
        if name.startswith("_"):
            raise AttributeError(name)
        return AsyncQuestions(self._run, lambda: getattr(self._read(), name))

    def of(self, kind: type) -> AsyncQuestions:
        """The questions of a class: ``await aio.read.of(Bikes).find()``."""
        return AsyncQuestions(self._run, lambda: self._read().of(kind))

    def at_least(self, position: int | None) -> "AsyncReadModels":
        """The same, answered by rows that have seen the log up to *position*: a receipt's."""
        return AsyncReadModels(self._run, lambda: self._read().at_least(position))

    def known_at(self, known_at: datetime) -> "AsyncReadModels":
        """The same, answered by what had been recorded by an instant (UTC)."""
        return AsyncReadModels(self._run, lambda: self._read().known_at(known_at))

    async def query(self, statement: SelectBase) -> "list[Row]":
        """The rows of a SELECT on tables that read models declare, as ``crm.read.query``."""
        rows: list[Row] = await self._run(lambda: self._read().query(statement))
        return rows
