"""The older versions of events of service, each with what reads it in present terms."""

from typing import Final

from crmcore.infrastructure.events.upcasting import unchanged

UPCASTERS: Final = (
    # targets were working time alone, before some came to be counted in days
    unchanged("service-levels-defined", 1),
    unchanged("service-level-attached", 1),
    unchanged("service-level-replaced", 1),
)
