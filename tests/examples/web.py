"""Asking a web application that has started, without a network."""

import asyncio
import importlib.util
import sys
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import attrs
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient, Response

EXAMPLES = Path(__file__).parents[2] / "examples"


@contextmanager
def example(name: str) -> Iterator[ModuleType]:
    """The example of a name, as a module."""
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where FastAPI looks up annotations
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


@attrs.frozen
class Client:
    """Asks an application that has started, without a network."""

    runner: asyncio.Runner
    http: AsyncClient

    def get(self, path: str, **parameters: Any) -> Response:
        return self.runner.run(self.http.get(path, params=parameters))

    def post(self, path: str, json: dict[str, Any] | None = None, **given: Any) -> Response:
        return self.runner.run(self.http.post(path, json=json, **given))

    def post_all(self, path: str, json: list[dict[str, Any]]) -> list[Response]:
        """All of them at once."""

        async def post() -> list[Response]:
            return await asyncio.gather(*(self.http.post(path, json=one) for one in json))

        return self.runner.run(post())


@contextmanager
def started(app: FastAPI) -> Iterator[Client]:
    async def start() -> AsyncClient:
        await stack.enter_async_context(app.router.lifespan_context(app))
        transport = ASGITransport(app)
        return await stack.enter_async_context(
            AsyncClient(transport=transport, base_url="http://shop")
        )

    stack = AsyncExitStack()
    with asyncio.Runner() as runner:
        try:
            yield Client(runner, runner.run(start()))
        finally:
            runner.run(stack.aclose())
