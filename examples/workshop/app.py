"""A bicycle workshop: pages for its counter, an API for its shop, and mail, on FastAPI and ``crmcore``.

    python -m examples.workshop

A ticket (a row of the workshop's own) and the bike that it hangs on (an event) commit together or not
at all.  Whoever gets a bike back is sent a mail, once.  What is wrong with a form is shown at its field.
"""

import smtplib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from email.message import EmailMessage
from html import escape
from typing import Annotated
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

from examples.workshop.context import WORKSHOP, Bike, BikeReturned, ReceiveBike, ReturnBike
from fastapi import Depends, FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from pydantic import BaseModel, ValidationError
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

import crmcore
from crmcore import CRM, commands, derived_id, errors, new_id
from crmcore.subscriptions import Delivery

BY = "counter"


class Base(DeclarativeBase):
    """The workshop's own tables."""


class Ticket(Base):
    """What hangs on the handlebar of a bike, and what its repair may cost."""

    __tablename__ = "tickets"
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    job_id: Mapped[str] = mapped_column(unique=True)
    euros: Mapped[int]


class Arrival(BaseModel):
    """A bike that is brought: by whom, what is wrong, its ticket, and what the repair may cost."""

    name: str
    email: str
    fault: str
    ticket: int
    euros: int


class Waiting(BaseModel):
    """Bikes that wait, the longest first; ``next`` leads to those after them."""

    items: Sequence[Bike]
    next: str | None


async def the_crm(request: Request) -> CRM:
    """The core that all requests share."""
    crm: CRM = request.app.state.crm
    return crm


async def a_session(request: Request) -> AsyncIterator[AsyncSession]:
    """A session of the workshop's own, for one request."""
    async with request.app.state.sessions() as session:
        yield session


Core = Annotated[CRM, Depends(the_crm)]
Session = Annotated[AsyncSession, Depends(a_session)]

# What the workshop does


async def take_in(arrival: Arrival, crm: CRM, session: AsyncSession) -> UUID:
    """Hang a ticket on a bike and take it in, of somebody who is registered with it if need be."""
    customer_id, job_id, at = derived_id("workshop", arrival.email.lower()), new_id(), crm.now()
    wanted: list[crmcore.Command] = []
    read = crm.aio.read.at_least(await crm.aio.position())
    if await read.customers.get(customer_id) is None:
        person, mail = commands.CustomerKind.PERSON, commands.ContactKind.EMAIL
        wanted += [
            commands.RegisterCustomer(customer_id=customer_id, kind=person, name=arrival.name, at=at),
            commands.AddContactPoint(
                customer_id=customer_id, point_id=new_id(), kind=mail, value=arrival.email, at=at
            ),
        ]  # fmt: skip
    wanted.append(ReceiveBike(job_id=job_id, customer_id=customer_id, fault=arrival.fault, at=at))
    async with session.begin():
        session.add(Ticket(number=arrival.ticket, job_id=str(job_id), euros=arrival.euros))
        await session.flush()
        for command in wanted:
            await crm.aio.execute(command, by=BY, connection=session)
    return job_id


async def waiting(crm: CRM, after: str | None, limit: int = 20) -> Waiting:
    """A page of the bikes that wait, with all that was recorded so far."""
    read = crm.aio.read.at_least(await crm.aio.position())
    page = await read.workshop.find(after=after, limit=limit)
    return Waiting(items=page.items, next=page.next)


def mailer(crm: CRM, host: str, port: int) -> Callable[[Delivery], None]:
    """Sends a mail to whoever has a bike again; its id is the delivery's, so that two are seen to be one."""

    def send(delivery: Delivery) -> None:
        customer_id = UUID(delivery.recorded.subject)
        customer = crm.read.at_least(delivery.position).customers.get(customer_id)
        if customer is None or customer.email is None:
            return
        mail = EmailMessage()
        mail["Message-ID"] = f"<{delivery.id}@workshop.example>"
        mail["From"], mail["To"] = "counter@workshop.example", customer.email
        mail["Subject"] = "Your bike"
        mail.set_content(f"Dear {customer.name},\n\nthank you, and a good ride.\n")
        with smtplib.SMTP(host, port) as server:
            server.send_message(mail)

    return send


def problems(error: Exception) -> Mapping[str, str]:
    """What is wrong, by the field of an arrival; what concerns none of them stands under ''."""
    if isinstance(error, ValidationError):
        return {str(one["loc"][0]): one["msg"] for one in error.errors()}
    if isinstance(error, IntegrityError):
        return {"ticket": "this ticket hangs on another bike"}
    ours = {"value": "email", "customer_id": "email"}
    named = {ours.get(one.field, one.field): one.message for one in getattr(error, "errors", ())}
    return named if named and named.keys() <= Arrival.model_fields.keys() else {"": str(error)}


WRONG = (ValidationError, IntegrityError, errors.InvalidCommandError, errors.DomainError)

# The counter's pages


async def show_counter(crm: Core, after: str | None = None) -> HTMLResponse:
    """The bikes that wait, and the form for another one."""
    return HTMLResponse(counter(await waiting(crm, after), {}, {}))


async def fill_in(request: Request, crm: Core, session: Session) -> Response:
    """Take the form's bike in, or show what is wrong with it."""
    given = dict(parse_qsl((await request.body()).decode()))
    try:
        await take_in(Arrival.model_validate(given), crm, session)
    except WRONG as error:
        page = counter(await waiting(crm, None), given, problems(error))
        return HTMLResponse(page, status_code=422)
    return RedirectResponse("/", status_code=303)


async def hand_out(job_id: UUID, crm: Core) -> Response:
    """Give a bike back."""
    await crm.aio.execute(ReturnBike(job_id=job_id, at=crm.now()), by=BY)
    return RedirectResponse("/", status_code=303)


def counter(bikes: Waiting, given: Mapping[str, str], wrong: Mapping[str, str]) -> str:
    """The page of the counter."""
    rows = "".join(
        f"<tr><td>{bike.since:%d %b %H:%M}<td>{escape(bike.fault)}<td>"
        f"<form method=post action=/bikes/{bike.job_id}/return><button>Give back</button></form>"
        for bike in bikes.items
    )
    more = f"<a href='/?{urlencode({'after': bikes.next})}'>More</a>" if bikes.next else ""
    fields = "".join(
        f"<p><label>{name} <input name={name} value='{escape(given.get(name, ''))}'></label>"
        f" <b>{escape(wrong.get(name, ''))}</b>"
        for name in Arrival.model_fields
    )
    return (
        "<!doctype html><meta charset=utf-8><title>Workshop</title><h1>Bikes that wait</h1>"
        f"<table>{rows}</table>{more}<h2>A bike is brought</h2><b>{escape(wrong.get('', ''))}</b>"
        f"<form method=post>{fields}<p><button>Take in</button></form>"
    )


# The shop's API


async def take_in_by_api(arrival: Arrival, crm: Core, session: Session) -> dict[str, UUID]:
    """Take a bike in."""
    return {"job_id": await take_in(arrival, crm, session)}


async def list_bikes(crm: Core, after: str | None = None, limit: int = 20) -> Waiting:
    """The bikes that wait."""
    return await waiting(crm, after, limit)


async def refuse(_request: Request, error: Exception) -> JSONResponse:
    """What is wrong, as problem details (RFC 9457) with the fields that it is about."""
    status = 404 if isinstance(error, errors.NotFoundError) else 422
    said = {"title": str(error), "status": status, "errors": problems(error)}
    return JSONResponse(said, status, media_type="application/problem+json")


def application(url: str, smtp: tuple[str, int] = ("localhost", 1025)) -> FastAPI:
    """The workshop on the database at *url*, of an asynchronous driver, mailing through *smtp*."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        engine = create_async_engine(url)
        async with engine.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)
        crm = crmcore.open(engine.url, contexts=[WORKSHOP])
        app.state.crm, app.state.sessions = crm, async_sessionmaker(engine)
        mails = crm.subscribe("mailer", mailer(crm, *smtp), topics=[BikeReturned])
        async with crm.aio as aio:
            await aio.catch_up()
            async with aio.follow():
                with mails.follow():
                    yield
        await engine.dispose()

    app = FastAPI(title="A bicycle workshop", lifespan=lifespan)
    app.get("/", include_in_schema=False)(show_counter)
    app.post("/", include_in_schema=False)(fill_in)
    app.post("/bikes/{job_id}/return", include_in_schema=False)(hand_out)
    app.post("/api/bikes", status_code=201)(take_in_by_api)
    app.get("/api/bikes")(list_bikes)
    app.post("/api/bikes/{job_id}/return", status_code=204)(hand_out_by_api)
    for kind in (errors.DomainError, errors.InvalidCommandError, IntegrityError):
        app.add_exception_handler(kind, refuse)
    return app


async def hand_out_by_api(job_id: UUID, crm: Core) -> None:
    """Give a bike back."""
    await crm.aio.execute(ReturnBike(job_id=job_id, at=crm.now()), by=BY)
