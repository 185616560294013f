"""A plugin of pytest (``-p tests.slow.repeating --repeated N``): each test so many times in one run."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--repeated", type=int, default=1, help="how often each test is run")


@pytest.fixture
def repeated_run(request: pytest.FixtureRequest) -> int:
    """Which of the runs of a test this is."""
    number: int = request.param
    return number


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    metafunc.fixturenames.append("repeated_run")
    runs = range(metafunc.config.getoption("--repeated"))
    metafunc.parametrize("repeated_run", runs, indirect=True, ids=lambda run: f"run-{run}")
