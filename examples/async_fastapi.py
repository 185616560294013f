"""A web shop on FastAPI with an asynchronous driver, whose invoices and our events commit together.

    SHOP_DB=postgresql+asyncpg://user@host/name uvicorn --factory examples.async_fastapi:from_environment

(uvicorn is not among crmcore's dependencies.)  The shop owns an ``AsyncEngine``, its tables and the
transaction of each request; crmcore joins it.  Nothing here holds up the loop: what the core does on
connections of its own, it does in threads of its own.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

import crmcore
from crmcore import AsyncCRM, Money, commands, derived_id, errors


class Base(DeclarativeBase):
    """The shop's own tables."""


class Invoice(Base):
    """What was asked for an order."""

    __tablename__ = "async_invoices"
    number: Mapped[str] = mapped_column(primary_key=True)
    customer_id: Mapped[str]
    total: Mapped[str]


class Purchase(BaseModel):
    """What a customer buys, under which invoice number, at which price in euros."""

    customer_id: UUID
    invoice: str
    product: str
    price: Annotated[Decimal, Field(ge=0, decimal_places=2, max_digits=12)]


async def the_crm(request: Request) -> AsyncCRM:
    """The core that all requests share."""
    crm: AsyncCRM = request.app.state.crm
    return crm


async def a_session(request: Request) -> AsyncIterator[AsyncSession]:
    """A session of the shop's for one request."""
    async with request.app.state.sessions() as session:
        yield session


CRM = Annotated[AsyncCRM, Depends(the_crm)]
Session = Annotated[AsyncSession, Depends(a_session)]


async def sign_up(fields: dict[str, Any], crm: CRM) -> dict[str, UUID]:
    """A new customer, of the fields that `register-customer` has: no row of the shop's own."""
    command = await crm.command("register-customer", fields)
    assert isinstance(command, commands.RegisterCustomer)
    await crm.execute(command, by="web shop")
    return {"customer_id": command.customer_id}


async def buy(wanted: Purchase, crm: CRM, session: Session) -> dict[str, UUID]:
    """An order in the core and an invoice in the shop, in one transaction."""
    price = Money(wanted.price, "EUR")
    line = commands.OrderLine(line=1, product=wanted.product, quantity=Decimal(1), goods=price)
    command = commands.PlaceOrder(
        order_id=derived_id("web shop", wanted.invoice),
        customer_id=wanted.customer_id,
        channel="web",
        lines=(line,),
        at=crm.now(),
    )
    customer = str(wanted.customer_id)
    try:
        async with session.begin():
            session.add(Invoice(number=wanted.invoice, customer_id=customer, total=str(price)))
            await session.flush()
            await crm.execute(command, by="web shop", connection=session)
    except IntegrityError:
        raise HTTPException(409, f"invoice {wanted.invoice} exists already") from None
    return {"order_id": command.order_id}


async def points(customer_id: UUID, crm: CRM) -> dict[str, int]:
    """The customer's loyalty points, all purchases so far included."""
    up_to_now = crm.read.at_least(await crm.position())
    status = await up_to_now.loyalty.get(customer_id)
    return {"points": 0 if status is None else status.points}


async def refused(_request: Request, error: Exception) -> JSONResponse:
    """What a rule refused, or a command that could not be read."""
    status = 404 if isinstance(error, errors.NotFoundError) else 409
    if isinstance(error, errors.InvalidCommandError | errors.InvalidValueError):
        status = 400
    return JSONResponse({"detail": str(error)}, status)


def application(url: str) -> FastAPI:
    """The web shop on the database at *url*, as an asynchronous driver finds it."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        engine = create_async_engine(url)
        app.state.sessions = async_sessionmaker(engine)
        async with crmcore.open(engine.url).aio as app.state.crm, engine.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)
            await connection.commit()
            async with app.state.crm.follow():
                yield
        await engine.dispose()

    app = FastAPI(title="An asynchronous web shop", lifespan=lifespan)
    app.post("/customers", status_code=201)(sign_up)
    app.post("/orders", status_code=201)(buy)
    app.get("/customers/{customer_id}/points")(points)
    for kind in (errors.DomainError, errors.InvalidCommandError):
        app.add_exception_handler(kind, refused)
    return app


def from_environment() -> FastAPI:
    """The web shop on the database that SHOP_DB names."""
    return application(os.environ.get("SHOP_DB", "sqlite+aiosqlite:///shop.db"))
