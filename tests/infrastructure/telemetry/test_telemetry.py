"""What a core tells while it works: records, spans, metrics; nothing of a person."""

import logging
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry import trace
from opentelemetry.trace import StatusCode

import crmcore
from crmcore import Envelope, commands, errors, telemetry
from crmcore.domain.kernel import DomainError
from crmcore.projections.engine.poison.dead_letters import Policy
from crmcore.subscriptions import Retry
from crmcore.testing import strategies
from tests.application import test_hostile_commands as hostile
from tests.infrastructure.telemetry.conftest import Told, as_json
from tests.projections.engine.hosting import guests
from tests.projections.examples import ANN, BEN, named

RUN = UUID(int=77)


@pytest.fixture
def crm(database_url: str) -> Iterator[crmcore.CRM]:
    with crmcore.open(database_url) as crm:
        yield crm


def attributes(span: Any) -> dict[str, Any]:
    """Without the name of the log, which differs from test to test."""
    return {key: value for key, value in span.attributes.items() if key != "crmcore.log"}


def test_a_command_is_a_span_a_record_and_a_count(crm: crmcore.CRM, told: Told) -> None:
    receipt = crm.execute(named("Ann"), by="desk", correlation_id=RUN)
    [span] = told.spans("crmcore.execute")
    expected = {
        "crmcore.command.topic": "register-customer",
        "crmcore.command.stream_kind": "customer",
        "crmcore.command.outcome": "recorded",
        "crmcore.command.command_id": str(receipt.command_id),
        "crmcore.command.events": 1,
        "crmcore.command.position": 1,
        "crmcore.correlation_id": str(RUN),
    }
    assert attributes(span) == expected
    [record] = told.logged("command")
    assert (record.name, record.levelname) == ("crmcore.commands", "INFO")
    assert (record.topic, record.outcome, record.events) == ("register-customer", "recorded", 1)
    assert record.duration_seconds > 0
    assert as_json(record)["command_id"] == str(receipt.command_id)
    [(by, count)] = told.metric("crmcore.commands")
    assert (by["crmcore.command.topic"], by["crmcore.command.outcome"], count) == (
        "register-customer",
        "recorded",
        1,
    )
    assert told.metric("crmcore.events.recorded")[0][1] == 1
    assert told.metric("crmcore.command.duration")[0][1] == 1


def test_a_refusal_tells_its_class_and_fields_and_is_no_error_of_the_system(
    crm: crmcore.CRM, told: Told
) -> None:
    crm.execute(named("Ann"), by="desk")
    with pytest.raises(errors.AlreadyExistsError):
        crm.execute(named("Zebulon"), by="desk")
    span = told.spans("crmcore.execute")[-1]
    assert span.attributes is not None
    assert span.attributes["crmcore.command.outcome"] == "refused"
    assert span.attributes["error.type"] == "AlreadyExistsError"
    assert span.attributes["crmcore.command.error_fields"] == ("customer_id",)
    assert span.status.status_code is StatusCode.UNSET
    [record] = told.logged("refusal")
    assert (record.error, record.error_fields) == ("AlreadyExistsError", ("customer_id",))
    [(by, count)] = told.metric("crmcore.refusals")
    assert (by["error.type"], count) == ("AlreadyExistsError", 1)
    assert "Zebulon" not in told.everything()


def test_what_fails_is_an_error_without_its_text(crm: crmcore.CRM, told: Told) -> None:
    crm.close()
    with pytest.raises(errors.MisuseError):
        crm.execute(named("Zebulon"), by="desk", connection="no connection")  # type: ignore[arg-type]
    [span] = told.spans("crmcore.execute")
    assert (span.status.status_code, span.status.description) == (StatusCode.ERROR, "MisuseError")
    assert [event.name for event in span.events] == []
    [record] = told.logged("command")
    assert (record.levelname, record.outcome) == ("WARNING", "failed")


def test_a_command_that_came_before_and_one_without_effect(crm: crmcore.CRM, told: Told) -> None:
    for _ in range(2):
        crm.execute(named("Ann"), by="desk", command_id=RUN)
    same = commands.CorrectCustomerName(customer_id=ANN, name="Ann", at=crm.now())
    crm.execute(same, by="desk")
    outcomes = [record.outcome for record in told.logged("command")]
    assert outcomes == ["recorded", "repeated", "unchanged"]
    assert sum(count for _, count in told.metric("crmcore.events.recorded")) == 1


def test_a_pinned_version_that_is_not_the_streams_is_a_conflict(
    crm: crmcore.CRM, told: Told
) -> None:
    crm.execute(named("Ann"), by="desk")
    command = commands.CorrectCustomerName(customer_id=ANN, name="Anna", at=crm.now())
    with pytest.raises(errors.ConcurrencyError):
        crm.execute(command, by="desk", expected_version=7)
    assert told.logged("command")[-1].outcome == "conflict"


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_writer_that_comes_between_is_a_conflict_and_a_retry(
    crm: crmcore.CRM, told: Told
) -> None:
    """The other one records while the first decides."""
    crm.execute(named("Ann"), by="desk")
    service = crm._core.service
    handlers = dict(service.decider.handlers)
    handle, others = handlers[commands.CorrectCustomerName], ["Annie"]

    def deciding(wanted: Any, work: Any) -> None:
        handle(wanted, work)
        while others:
            command = commands.CorrectCustomerName(customer_id=ANN, name=others.pop(), at=crm.now())
            other = threading.Thread(target=crm.execute, args=(command,), kwargs={"by": "other"})
            other.start()
            other.join()

    handlers[commands.CorrectCustomerName] = deciding
    interrupted = attrs.evolve(service, decider=attrs.evolve(service.decider, handlers=handlers))
    command = commands.CorrectCustomerName(customer_id=ANN, name="Anna", at=crm.now())
    interrupted.execute(Envelope(command=command, by="desk"))
    assert told.logged("command")[-1].retries == 1
    [(by, count)] = told.metric("crmcore.conflicts")
    assert (by["crmcore.command.topic"], count) == ("correct-customer-name", 1)
    assert len(told.logged("conflict")) == 1


def test_of_a_batch_each_command_is_counted_once_it_is_recorded(
    crm: crmcore.CRM, told: Told
) -> None:
    first = Envelope(command=named("Ann"), by="desk", command_id=RUN)
    other: Sequence[Any] = (named("Anna", customer=ANN, kind="organisation"), named("Ben", BEN))
    sent: list[Any] = [first, *other]
    crm.execute_many([*sent, sent[0]], by="desk")
    [span] = told.spans("crmcore.execute_many")
    assert attributes(span) == {
        "crmcore.commands.commands": 4,
        "crmcore.commands.outcome": "done",
        "crmcore.commands.executed": 2,
        "crmcore.commands.unchanged": 1,
        "crmcore.commands.refused": 1,
        "crmcore.commands.events": 2,
        "crmcore.commands.position": 2,
    }
    counted = {
        by["crmcore.command.outcome"]: count for by, count in told.metric("crmcore.commands")
    }
    assert counted == {"recorded": 2, "repeated": 1, "refused": 1}
    assert len(told.logged("refusal")) == 1


def test_read_models_tell_of_batches_and_of_how_far_they_are_behind(
    crm: crmcore.CRM, told: Told
) -> None:
    crm.execute(named("Ann"), by="desk")
    crm.catch_up()
    spans = {one.attributes["crmcore.read_model.read_model"]: one for one in told.spans("crmcore.project") if one.attributes}  # fmt: skip
    batch = spans["loyalty_status"].attributes
    assert batch is not None
    assert (batch["crmcore.read_model.events"], batch["crmcore.read_model.position"]) == (1, 1)
    lag = {by["crmcore.read_model.read_model"]: value for by, value in told.metric("crmcore.read_model.lag")}  # fmt: skip
    assert lag["loyalty_status"] == 0
    record = next(one for one in told.logged("batch") if one.read_model == "loyalty_status")
    assert (record.name, record.levelname, record.lag) == ("crmcore.projections", "DEBUG", 0)


def test_rebuilds_and_switches_are_told(crm: crmcore.CRM, told: Told) -> None:
    crm.execute(named("Ann"), by="desk")
    crm.catch_up()
    crm.maintenance.rebuild("loyalty_status")
    crm.maintenance.switch("loyalty_status")
    crm.maintenance.rollback("loyalty_status")
    crm.maintenance.retire("loyalty_status")
    [span] = told.spans("crmcore.rebuild")
    assert attributes(span) == {
        "crmcore.rebuild.read_models": ("loyalty_status",),
        "crmcore.rebuild.parts": 1,
        "crmcore.rebuild.outcome": "done",
    }
    [rebuilt] = told.logged("rebuilt")
    assert (rebuilt.read_model, rebuilt.generation, rebuilt.position) == ("loyalty_status", 2, 1)
    ways = [(one.way, one.generation) for one in told.logged("switch")]
    assert ways == [("switch", 2), ("rollback", 1), ("retire", 2)]


@pytest.mark.parametrize(
    ("policy", "event", "level"),
    [(Policy.STOP, "stop", "INFO"), (Policy.HOLD, "dead_letter", "WARNING")],
)
def test_an_event_that_stands_in_the_way_is_told_without_what_it_says(
    database_url: str, told: Told, policy: Policy, event: str, level: str
) -> None:
    def broken(change: Any, _recorded: Any, _rows: Any) -> None:
        raise RuntimeError(f"cannot greet {change.name}")

    own = guests(broken, on_poison=policy)
    with crmcore.open(database_url, projections=[own]) as crm:
        crm.execute(named("Zebulon"), by="desk")
        with suppress(errors.ProjectionStoppedError):
            crm.catch_up()
    [record] = told.logged(event)
    assert (record.read_model, record.position, record.levelname) == ("guests", 1, level)
    assert record.topic == "customer-registered"
    if policy is Policy.STOP:
        failed = next(one for one in told.spans("crmcore.project") if dict(one.attributes or {}).get("error.type"))  # fmt: skip
        assert dict(failed.attributes or {})["error.type"] == "RuntimeError"
    assert "Zebulon" not in told.everything()


def test_deliveries_are_told_and_what_they_belong_to(crm: crmcore.CRM, told: Told) -> None:
    crm.execute(named("Zebulon"), by="desk", correlation_id=RUN)
    seen: list[Any] = []

    def greet(delivery: Any) -> None:
        seen.append(trace.get_current_span())
        if len(seen) == 1:
            raise RuntimeError(f"no greeting for {delivery.event.name}")

    subscription = crm.subscribe("greeter", greet, retry=Retry(attempts=2, first=0.001))
    subscription.catch_up()
    first, second = told.spans("crmcore.deliver")
    assert [one.name for one in seen] == ["crmcore.deliver"] * 2
    assert (first.status.status_code, first.status.description) == (
        StatusCode.ERROR,
        "RuntimeError",
    )
    delivered = attributes(second)
    assert UUID(delivered.pop("crmcore.subscription.delivery_id"))
    assert delivered == {
        "crmcore.subscription.subscription": "greeter",
        "crmcore.subscription.topic": "customer-registered",
        "crmcore.subscription.position": 1,
        "crmcore.subscription.attempt": 2,
        "crmcore.subscription.events": 1,
        "crmcore.subscription.outcome": "delivered",
        "crmcore.correlation_id": str(RUN),
    }
    levels = [(one.levelname, one.outcome) for one in told.logged("delivery")]
    assert levels == [("WARNING", "failed"), ("INFO", "delivered")]
    assert "Zebulon" not in told.everything()


def test_a_dead_letter_is_told(crm: crmcore.CRM, told: Told) -> None:
    crm.execute(named("Zebulon"), by="desk")

    def fail(delivery: Any) -> None:
        raise RuntimeError(delivery.event.name)

    crm.subscribe("greeter", fail, retry=Retry(attempts=1)).catch_up()
    [record] = told.logged("dead_letter")
    assert (record.subscription, record.position, record.attempts) == ("greeter", 1, 1)
    [(by, count)] = told.metric("crmcore.dead_letters")
    assert (by["crmcore.subscription.subscription"], count) == ("greeter", 1)
    assert "Zebulon" not in told.everything()


@pytest.mark.usefixtures("told")
def test_spans_of_a_database_stand_within_those_of_commands(crm: crmcore.CRM) -> None:
    """A span of a command is the present one while it is carried out."""
    seen: list[str] = []
    original = crm._core.service.decider._new_id

    def new_id() -> UUID:
        seen.append(getattr(trace.get_current_span(), "name", ""))
        return original()

    object.__setattr__(crm._core.service.decider, "_new_id", new_id)
    crm.execute(named("Ann"), by="desk")
    assert seen == ["crmcore.execute"]
    assert not trace.get_current_span().is_recording()


def test_who_is_not_asked_is_told_nothing(
    crm: crmcore.CRM, told: Told, caplog: pytest.LogCaptureFixture
) -> None:
    telemetry.uninstrument()
    logging.getLogger("crmcore").setLevel(logging.WARNING)
    crm.execute(named("Ann"), by="desk")
    crm.catch_up()
    assert told.spans_kept.get_finished_spans() == ()
    assert told.records.kept == []
    assert caplog.records == []


WITHOUT = """
import sys
sys.modules["opentelemetry"] = None
import crmcore
from crmcore import telemetry
crmcore.open("sqlite:///crm.db").close()
try:
    telemetry.instrument()
except crmcore.errors.MisuseError as error:
    print(error)
"""


def test_without_the_package_the_extra_is_named(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert "opentelemetry-api: pip install 'crmcore[telemetry]'" in done.stdout


MARK, DIGITS = "zzqmark", "23125000"
SAID = {
    "value": ("zzqmark@example.com", "ZzqMark@example.org", f"+49 30 {DIGITS}", f"030 {DIGITS}"),
    "email": ("zzqmark@example.com",),
    "business_email": ("zzqmark@example.com",),
    "assignee_email": ("zzqmark@example.com",),
    "phone": (f"+4930 {DIGITS}", "zzqmark"),
    "assignee": ("zzqmark",),
    "agent": ("zzqmark",),
    "external_id": ("zzqmark-1",),
}


@cache
def marked(kind: type, name: str) -> st.SearchStrategy[Any] | None:
    """As in the hostile commands, but each text that somebody wrote has the mark."""
    if name in SAID:
        return st.sampled_from(SAID[name])
    if kind is str and name not in hostile.WORDS:
        return st.sampled_from(["Zzqmark", "zzqmark two"])
    return hostile.hints(kind, name)


def test_whatever_is_sent_no_value_is_told(told: Told) -> None:
    with hostile.begun() as crm:
        kinds = tuple(crm.command_kinds.values())
    every = st.one_of([strategies.commands(kind, hints=marked) for kind in kinds])

    @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(every, min_size=20, max_size=40))
    def run(sent: Sequence[Any]) -> None:
        with hostile.begun() as crm:
            half = len(sent) // 2
            crm.execute_many(sent[:half], by="zzqmark", source="zzqmark")
            for command in sent[half:]:
                try:
                    crm.execute(command, by="zzqmark", source="zzqmark")
                except DomainError:
                    continue
            crm.catch_up()
        everything = told.everything().lower()
        assert MARK not in everything
        assert DIGITS not in everything

    run()
    assert told.logged("refusal")
    assert {record.outcome for record in told.logged("command")} >= {"recorded", "refused"}
