"""Who must not be addressed, and why: the checks in their order, each leaving its reason.

Restriction, consent, suppression everywhere, the channel, then the lists of people to leave
out.  The control group, frequency caps and pauses come after these (``addressing``).
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from crmcore.domain.kernel import Length, value
from crmcore.domain.kernel.frozen import frozen


class Stage(StrEnum):
    """The checks, in the order in which they are made and shown."""

    RESTRICTED = "restricted"
    CONSENT = "consent"
    EVERYWHERE = "everywhere"
    CHANNEL = "channel"
    EXEMPT = "exempt"


@value
class Suppression:
    """One reason why somebody was not addressed."""

    stage: Stage
    detail: Annotated[str, Length(300)]


@frozen(kw_only=True)
class Reach:
    """What other parts of the company know about addressing a customer at one instant.

    ``active``: the customer is not deactivated, merged, restricted or erased.  ``consented``:
    permission for this channel and purpose is in force, with its ``reasons``.
    ``suppressed``: on the list of those who want nothing from us.  ``reachable``: the address
    on this channel is not known to be wrong.  ``deferral``: why not now (a pause, the hours of
    contact): that defers a message and suppresses nobody.  ``point_id`` is the contact point that
    a message would use, on record since ``point_added_at``; None where the address is kept
    elsewhere.  ``agreed``: when the customer said yes of their own accord.
    """

    active: bool
    consented: bool
    reasons: tuple[str, ...] = ()
    suppressed: bool = False
    reachable: bool = True
    deferral: str | None = None
    point_id: UUID | None = None
    point_added_at: datetime | None = None
    agreed: tuple[datetime, ...] = ()


def suppressions(
    reach: Reach,
    *,
    opted_out: str | None = None,
    bounced: bool = False,
    exempt_lists: Sequence[str] = (),
) -> tuple[Suppression, ...]:
    """Every reason not to address somebody, in the order of the stages; none if there is none.

    *opted_out* (how) and *bounced* are what this campaign itself has learnt; *exempt_lists* are
    the names of the lists of people to leave out that the customer is on.
    """
    return tuple(
        Suppression(stage=stage, detail=detail)
        for stage, details in (
            (Stage.RESTRICTED, () if reach.active else ("the customer is not active",)),
            (Stage.CONSENT, _without_consent(reach, opted_out)),
            (Stage.EVERYWHERE, ("suppressed for every campaign",) if reach.suppressed else ()),
            (Stage.CHANNEL, _without_channel(reach, bounced)),
            (Stage.EXEMPT, tuple(dict.fromkeys(exempt_lists))),
        )
        for detail in details
    )


def _without_consent(reach: Reach, opted_out: str | None) -> Iterable[str]:
    if opted_out is not None:
        yield f"opted out of this campaign: {opted_out}"
    if not reach.consented:
        yield from (reason[:300] for reason in reach.reasons or ("no consent",))


def _without_channel(reach: Reach, bounced: bool) -> Iterable[str]:
    if bounced:
        yield "a message of this campaign to this address bounced for good"
    if not reach.reachable:
        yield "no valid address on this channel"
