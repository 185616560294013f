"""`crmcore holidays`: public holidays, to be copied into a calendar."""

import click

from crmcore import calendars
from crmcore.cli.faults import Fault
from crmcore.cli.output import Column, counted, emit, say, table
from crmcore.cli.session import Options


@click.argument("country", help="ISO 3166 code: DE, say.")
@click.option(
    "--year",
    metavar="YEAR",
    type=int,
    multiple=True,
    required=True,
    help="May be given several times.",
)
@click.option("--subdivision", metavar="CODE", help="A state of it: BY, say.")
@click.option("--language", metavar="CODE", help="Of their names: de, say.")
@click.pass_obj
def holidays(
    options: Options,
    country: str,
    year: tuple[int, ...],
    subdivision: str | None,
    language: str | None,
) -> None:
    """Carry out `crmcore holidays`."""
    try:
        found = calendars.public_holidays(country, year, subdivision=subdivision, language=language)
    except calendars.MissingExtraError as error:
        raise Fault(str(error)) from None
    if options.json:
        emit({"holidays": found})
        return
    table(
        [Column("Date", whole=True), "Day", "Name"],
        [[one.day.isoformat(), one.day.strftime("%a"), one.name] for one in found],
    )
    say(f"{counted(len(found), 'holiday')}.", style="dim")
