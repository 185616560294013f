"""`crmcore holidays`: public holidays, to be copied into a calendar."""

from typing import Annotated

import typer

from crmcore import calendars
from crmcore.cli.faults import Fault
from crmcore.cli.output import Column, counted, emit, say, table
from crmcore.cli.session import options_of


def holidays(
    ctx: typer.Context,
    country: Annotated[str, typer.Argument(metavar="COUNTRY", help="ISO 3166 code: DE, say.")],
    year: Annotated[
        list[int], typer.Option("--year", metavar="YEAR", help="May be given several times.")
    ],
    subdivision: Annotated[
        str | None, typer.Option("--subdivision", metavar="CODE", help="A state of it: BY, say.")
    ] = None,
    language: Annotated[
        str | None, typer.Option("--language", metavar="CODE", help="Of their names: de, say.")
    ] = None,
) -> None:
    """Carry out `crmcore holidays`."""
    try:
        found = calendars.public_holidays(country, year, subdivision=subdivision, language=language)
    except calendars.MissingExtraError as error:
        raise Fault(str(error)) from None
    if options_of(ctx).json:
        emit({"holidays": found})
        return
    table(
        [Column("Date", whole=True), "Day", "Name"],
        [[one.day.isoformat(), one.day.strftime("%a"), one.name] for one in found],
    )
    say(f"{counted(len(found), 'holiday')}.", style="dim")
