"""A web shop on FastAPI whose invoices and our events commit together, or not at all.

    CRMCORE_DB=sqlite:///shop.db uvicorn --factory examples.host_fastapi:from_environment

(uvicorn is not among crmcore's dependencies.)  The shop owns the engine, its tables and its
transactions; crmcore joins them.  Two things can go wrong in ``buy``, one on each side: the
number of an invoice is taken, or a rule of the core refuses the order.  Either way nothing stays.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Annotated
from uuid import UUID

import sqlalchemy as sa
from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

import crmcore
from crmcore import Money, commands, derived_id, errors, new_id

metadata = sa.MetaData()
INVOICES = sa.Table(
    "invoices",
    metadata,
    sa.Column("number", sa.Text, primary_key=True),
    sa.Column("customer_id", sa.Text, nullable=False),
    sa.Column("total", sa.Text, nullable=False),
)


class SignUp(BaseModel):
    """Who wants to buy here."""

    name: str


class Purchase(BaseModel):
    """What a customer buys, under which invoice number, at which price in euros."""

    customer_id: UUID
    invoice: str
    product: str
    price: Annotated[Decimal, Field(ge=0, decimal_places=2, max_digits=12)]


class Shop:
    """What the shop does, on its own engine."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine
        metadata.create_all(engine)
        self.crm = crmcore.open(engine)

    def close(self) -> None:
        """Give back what was opened."""
        self.crm.close()
        self.engine.dispose()

    def sign_up(self, wanted: SignUp) -> UUID:
        """A new customer: no row of the shop's own, so no transaction of its own."""
        customer_id = new_id()
        command = commands.RegisterCustomer(
            customer_id=customer_id,
            kind=commands.CustomerKind.PERSON,
            name=wanted.name,
            at=self.crm.now(),
        )
        self.crm.execute(command, by="web shop")
        return customer_id

    def buy(self, wanted: Purchase) -> UUID:
        """An order in the core and an invoice in the shop, in one transaction."""
        price = Money(wanted.price, "EUR")
        command = commands.PlaceOrder(
            order_id=derived_id("web shop", wanted.invoice),
            customer_id=wanted.customer_id,
            channel="web",
            lines=(
                commands.OrderLine(
                    line=1, product=wanted.product, quantity=Decimal(1), goods=price
                ),
            ),
            at=self.crm.now(),
        )
        invoice = {
            "number": wanted.invoice,
            "customer_id": str(wanted.customer_id),
            "total": str(price),
        }
        with self.engine.begin() as connection:
            connection.execute(sa.insert(INVOICES).values(invoice))
            self.crm.execute(command, by="web shop", connection=connection)
        return command.order_id

    def points(self, customer_id: UUID) -> int:
        """The customer's loyalty points, all purchases so far included."""
        self.crm.catch_up()
        status = self.crm.read.loyalty.get(customer_id)
        return 0 if status is None else status.points


def application(url: str) -> FastAPI:
    """The web shop on the database at *url*."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.shop = Shop(sa.create_engine(url))
        yield
        app.state.shop.close()

    app = FastAPI(title="A web shop", lifespan=lifespan)

    # Plain functions, not coroutines: FastAPI runs them in threads, where they may wait.
    @app.post("/customers", status_code=201)
    def sign_up(wanted: SignUp, request: Request) -> dict[str, UUID]:
        return {"customer_id": request.app.state.shop.sign_up(wanted)}

    @app.post("/orders", status_code=201)
    def buy(wanted: Purchase, request: Request) -> dict[str, UUID]:
        try:
            return {"order_id": request.app.state.shop.buy(wanted)}
        except sa.exc.IntegrityError:
            raise HTTPException(409, f"invoice {wanted.invoice} exists already") from None

    @app.get("/customers/{customer_id}/points")
    def points(customer_id: UUID, request: Request) -> dict[str, int]:
        return {"points": request.app.state.shop.points(customer_id)}

    for kind, status in (
        (errors.DomainError, 409),
        (errors.NotFoundError, 404),
        (errors.InvalidValueError, 400),
        (errors.ConcurrencyError, 409),
        (errors.StoreError, 503),
    ):
        app.add_exception_handler(kind, _answer(status))
    return app


def _answer(status: int):  # type: ignore[no-untyped-def]  # as FastAPI's own handlers
    def answer(_request: Request, error: Exception) -> JSONResponse:
        return JSONResponse({"detail": str(error)}, status)

    return answer


def from_environment() -> FastAPI:
    """The web shop on the database that CRMCORE_DB names."""
    return application(os.environ.get("CRMCORE_DB", "sqlite:///shop.db"))
