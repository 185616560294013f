"""The tables of the service read model: cases, their cycles, their targets, and who worked."""

from typing import Final

from sqlalchemy import BigInteger, Column, Index, Integer, MetaData, Table, Text

from crmcore.projections.engine.columns import Instant

GIVEN: Final = "given"
"""The policy of a deadline that came with the case."""

SERVICE_CYCLES = Table(
    "service_cycles",
    MetaData(),
    Column("case_id", Text, primary_key=True),
    Column("cycle", Integer, primary_key=True),
    Column("begun_at", Instant, nullable=False),
    Column("solved_at", Instant),
    Column("resolution_code", Text),
    Column("owner", Text),
)
"""One row for the opening of a case and for each reopening; ``owner`` had the case when it was solved."""

SERVICE_LEVELS = Table(
    "service_levels",
    MetaData(),
    Column("case_id", Text, primary_key=True),
    Column("cycle", Integer, primary_key=True),
    Column("target", Text, primary_key=True),
    Column("occurrence", Integer, primary_key=True),
    Column("policy", Text, nullable=False),
    Column("version", Text),
    Column("started_at", Instant, nullable=False),
    Column("within_seconds", BigInteger, nullable=False),
    Column("due_at", Instant),
    Column("completed_at", Instant),
    Column("withdrawn_at", Instant),
    Column("paused_since", Instant),
    Column("next_escalation_at", Instant),
    Index("service_levels_next", "next_escalation_at"),
)
"""One row a target of a cycle, and for each question of the customer or update of ours.

``due_at`` is null while a pause lasts; ``next_escalation_at`` is the first warning or breach to
come that nobody has recorded.
"""

SERVICE_WORK = Table(
    "service_work",
    MetaData(),
    Column("case_id", Text, primary_key=True),
    Column("position", BigInteger, primary_key=True),
    Column("agent", Text, nullable=False),
    Column("done", Text, nullable=False),
    Column("at", Instant, nullable=False),
    info={"append_only": True},
)
"""One row for each public reply (``reply``) and each solution (``solution``) of a named agent."""
