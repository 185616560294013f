"""A context in which an event leads to further ones: a ball that is passed on, so often as it says."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

import attrs

from crmcore.contexts import Aggregate, Context, Process, command, derived_id, event
from crmcore.errors import NotAllowedError
from crmcore.projections import Recorded
from tests.scenario import START


@command
class PassBall:
    TOPIC: ClassVar[str] = "pinging.pass-ball"
    ball_id: UUID
    left: int
    at: datetime = START


@event
class BallPassed:
    TOPIC: ClassVar[str] = "pinging.ball-passed"
    SENTENCE: ClassVar[str] = "passed a ball that has {left} to go"
    ball_id: UUID
    left: int
    at: datetime


class FlatError(NotAllowedError):
    """A ball with so many to go is flat."""


flat = set[int]()
"""Balls with so many to go are refused."""


def decide(wish: PassBall, state: Any) -> Sequence[BallPassed]:
    if wish.left in flat:
        raise FlatError(f"a ball with {wish.left} to go is flat")
    return [] if state else [BallPassed(ball_id=wish.ball_id, left=wish.left, at=wish.at)]


BALL = Aggregate[Any, BallPassed](
    kind="ball",
    initial=None,
    evolve=lambda _state, event: event,
    events=(BallPassed,),
    commands=(PassBall,),
    decide=decide,
    stream_id=lambda wish: wish.ball_id,
)


def next_ball(event: BallPassed, step: int = 0) -> PassBall:
    ball = derived_id("ball", str(event.ball_id), str(step))
    return PassBall(ball_id=ball, left=event.left - 1, at=event.at)


def on(event: BallPassed, _recorded: Recorded) -> Sequence[PassBall]:
    """What is passed on: nothing where none is to go."""
    return [next_ball(event)] if event.left else []


PASSING = Process("passing", {BallPassed: on})


def pinging(*processes: Any) -> Context:
    """The context with these processes, which pass the ball on if none are named."""
    return Context(name="pinging", aggregates=[BALL], processes=processes or [PASSING])


def at_once(process: Process = PASSING) -> Process:
    return attrs.evolve(process, at_once=True)
