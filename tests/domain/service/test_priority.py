import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmcore.domain.kernel import InvalidValueError
from crmcore.domain.service.priority import (
    STANDARD_MATRIX,
    Impact,
    Priority,
    PriorityMatrix,
    Urgency,
)

PRESSING = list(Priority)


@pytest.mark.parametrize(
    ("impact", "urgency", "priority"),
    [
        pytest.param(Impact.HIGH, Urgency.HIGH, Priority.CRITICAL, id="high-high"),
        pytest.param(Impact.HIGH, Urgency.MEDIUM, Priority.HIGH, id="high-medium"),
        pytest.param(Impact.HIGH, Urgency.LOW, Priority.MODERATE, id="high-low"),
        pytest.param(Impact.MEDIUM, Urgency.HIGH, Priority.HIGH, id="medium-high"),
        pytest.param(Impact.MEDIUM, Urgency.MEDIUM, Priority.MODERATE, id="medium-medium"),
        pytest.param(Impact.MEDIUM, Urgency.LOW, Priority.LOW, id="medium-low"),
        pytest.param(Impact.LOW, Urgency.HIGH, Priority.MODERATE, id="low-high"),
        pytest.param(Impact.LOW, Urgency.MEDIUM, Priority.LOW, id="low-medium"),
        pytest.param(Impact.LOW, Urgency.LOW, Priority.LOW, id="low-low"),
    ],
)
def test_the_standard_matrix(impact: Impact, urgency: Urgency, priority: Priority) -> None:
    assert STANDARD_MATRIX.priority(impact, urgency) is priority


@given(st.sampled_from(Impact), st.sampled_from(Urgency), st.sampled_from(Urgency))
def test_more_urgency_never_lowers_the_priority(
    impact: Impact, one: Urgency, other: Urgency
) -> None:
    sooner, later = sorted((one, other), key=list(Urgency).index)
    priorities = [STANDARD_MATRIX.priority(impact, urgency) for urgency in (sooner, later)]
    assert PRESSING.index(priorities[0]) <= PRESSING.index(priorities[1])


def test_a_matrix_with_a_gap_is_refused() -> None:
    cells = {(Impact.HIGH, Urgency.HIGH): Priority.CRITICAL}
    with pytest.raises(InvalidValueError, match="a priority for high impact, medium urgency"):
        PriorityMatrix(version="gap", cells=cells)


def test_a_matrix_cannot_be_changed_behind_its_back() -> None:
    cells = dict(STANDARD_MATRIX.cells)
    matrix = PriorityMatrix(version="own", cells=cells)
    cells[Impact.LOW, Urgency.LOW] = Priority.CRITICAL
    assert matrix.priority(Impact.LOW, Urgency.LOW) is Priority.LOW
    assert hash(matrix) == hash(PriorityMatrix(version="own", cells=STANDARD_MATRIX.cells))
