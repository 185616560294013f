"""A database for a command: opened, and its read models brought up to date where it reads them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import attrs
import click

import crmcore
from crmcore.cli.faults import Fault, WrongCallError, complain
from crmcore.cli.hosting import contexts_at, policies_at, projections_at
from crmcore.cli.progress import bars
from crmcore.errors import (
    MisuseError,
    ProjectionStoppedError,
    StoreMissingError,
    StoreReadOnlyError,
)

SERVING: Final = ("caught up", "behind")
NEEDED: Final = "rebuild needed"
stale = click.option("--stale", is_flag=True, help="Answer from the read models as they stand.")


@attrs.frozen
class Options:
    """What holds for every command: the database, whose log, what is a host's own, and whether to
    answer in JSON.
    """

    db: str
    tenant: str | None
    json: bool
    contexts: tuple[str, ...] = ()
    """A host's own contexts: ``MODULE:NAME`` of each."""
    projections: tuple[str, ...] = ()
    """A host's own read models: ``MODULE:NAME`` of each."""
    policies: str | None = None
    """A host's own policies: ``MODULE:NAME``."""

    def open(self, *, create: bool = True) -> crmcore.CRM:
        """The log, with the policies, the contexts and the read models that hold for it."""
        contexts = contexts_at(self.contexts)
        policies, own = policies_at(self.policies), projections_at(self.projections)
        try:
            return crmcore.open(
                self.db,
                tenant=self.tenant,
                policies=policies,
                contexts=contexts,
                projections=own,
                create=create,
            )
        except MisuseError as error:  # what clashes is a host's own
            named = {"--contexts": contexts, "--projections": own}
            options = " or ".join(option for option, given in named.items() if given)
            if not options:
                raise
            raise WrongCallError(f"{options}: {error}") from error


@contextmanager
def writing(options: Options) -> Iterator[crmcore.CRM]:
    """The log, made on first use."""
    with options.open() as crm:
        yield crm


@contextmanager
def existing(options: Options) -> Iterator[crmcore.CRM]:
    """The log, which must be there: asking a question never makes a database."""
    try:
        crm = options.open(create=False)
    except StoreMissingError as error:
        raise Fault(
            f"{error}: name another with --db URL (or CRMCORE_DB), or make one with"
            " `crmcore execute FILE` or `crmcore demo --keep FILE`"
        ) from None
    with crm:
        yield crm


@contextmanager
def reading(options: Options, *needed: str, stale: bool = False) -> Iterator[crmcore.CRM]:
    """The log with its read models caught up, unless *stale*; those *needed* must be serving.

    A read model that is not needed and cannot go on gives a warning.
    """
    with existing(options) as crm:
        if not stale:
            try:
                with bars() as step:
                    crm.catch_up(step)
            except ProjectionStoppedError as error:
                _still_serving(crm, needed, error)
            except StoreReadOnlyError as error:
                error.add_note("--stale answers from the read models as they stand")
                raise
        else:
            _warn_of_age(crm, needed)
        yield crm


def _still_serving(crm: crmcore.CRM, needed: tuple[str, ...], error: Exception) -> None:
    for status in crm.status():
        if status.name in needed and status.state not in SERVING:
            reason = (status.reason or "").removeprefix(f"{status.state}: ")
            rebuild = f": `crmcore projections rebuild {status.name} --switch`"
            helps = rebuild if status.state == NEEDED else ""
            raise Fault(f"{status.name}: {status.state}: {reason}{helps}")
    complain(f"warning: {error}")


def _warn_of_age(crm: crmcore.CRM, needed: tuple[str, ...]) -> None:
    for status in crm.status():
        if status.name not in needed or status.generation is None:
            continue
        if status.behind:
            behind = f"{status.behind:,} of {status.head:,} positions behind"
            complain(f"warning: {status.name} is {behind}: {status.reason or '--stale was asked'}")
        elif status.state == NEEDED:
            complain(f"warning: {status.name}: {status.state}: {status.reason}")
