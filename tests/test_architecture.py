"""The checks of the source notice a planted breach, and see every file."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

BREACHES = {
    "domain imports application": (
        "domain/sales/order/decisions.py",
        "from crmcore.application import work",
        "Layers point one way",
    ),
    "application imports an adapter": (
        "application/sales/orders.py",
        "from crmcore.infrastructure import codec",
        "Layers point one way",
    ),
    "projections import an adapter": (
        "projections/paging.py",
        "from crmcore.infrastructure import codec",
        "Layers point one way",
    ),
    "domain imports a package": (
        "domain/kernel/money.py",
        "import sqlalchemy",
        "The domain imports the standard library and attrs",
    ),
    "a service knows a technology": (
        "application/sales/orders.py",
        "import sqlalchemy",
        "Application services know no technology",
    ),
    "a projection knows the codec's package": (
        "projections/paging.py",
        "import msgspec",
        "Projections know SQLAlchemy, and no adapter",
    ),
    "one context imports another": (
        "domain/marketing/campaign/state.py",
        "from crmcore.domain.customers import consent",
        "Contexts of the domain meet in the kernel",
    ),
    "one context reaches past what another answers": (
        "application/sales/orders.py",
        "from crmcore.application.customers import service",
        "A context asks another through its public classes",
    ),
    "the command line reaches past the core's face": (
        "cli/log/verify.py",
        "from crmcore.projections.engine import projection",
        "The command line drives the core through its face",
    ),
}


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-logo", "--no-cache"]
    environment = {"PYTHONPATH": str(folder / "src"), "NO_COLOR": "1", "COLUMNS": "200"}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(("module", "line", "contract"), BREACHES.values(), ids=BREACHES)
def test_a_planted_breach_breaks_its_contract(
    tmp_path: Path, module: str, line: str, contract: str
) -> None:
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("*.egg-info"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    planted = tmp_path / "src" / "crmcore" / module
    planted.write_text(f"{planted.read_text()}\n{line}\n")
    found = lint(tmp_path)
    assert found.returncode == 1, found.stdout + found.stderr
    assert f"{contract} BROKEN" in found.stdout


def test_format_and_lint_see_every_module() -> None:
    command = [str(Path(sys.executable).with_name("ruff")), "check", "--show-files", "."]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    seen = {Path(line) for line in listed.splitlines()}
    folders = ("src", "tests", "benchmarks", "examples")
    assert {one for folder in folders for one in (ROOT / folder).rglob("*.py")} <= seen


def test_the_folders_at_the_root_show_the_layers() -> None:
    for layer in ("domain", "application", "infrastructure", "projections"):
        assert (ROOT / layer).is_symlink()
        assert (ROOT / layer).resolve() == ROOT / "src" / "crmcore" / layer
