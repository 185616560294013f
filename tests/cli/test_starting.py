"""How the command starts: interrupted at any moment it leaves without a word, and what it is not
asked for it does not import."""

import ast
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

import crmcore

STARTS = {
    "module": "import runpy; runpy.run_module('crmcore', run_name='__main__', alter_sys=True)",
    "script": "from crmcore.cli import main; sys.exit(main())",
}
# A shell's background has interruptions ignored, and a process inherits that.
PREPARED = (
    "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler);"
    " sys.argv = ['crmcore', {words}]; "
)
WHILE_IT_HELPS = ("click.core", "crmcore.cli.command_group", "crmcore.cli.app")
WHILE_A_COMMAND_IS_FETCHED = (
    "attr._make",
    "sqlalchemy.sql.elements",
    "sqlalchemy.engine.base",
    "crmcore.domain.kernel",
    "crmcore.application.deciding",
    "crmcore.cli.faults",
    "crmcore.cli.session",
)
MOMENTS = [
    *(pytest.param(moment, "'--help'", id=f"help-{moment}") for moment in WHILE_IT_HELPS),
    *(
        pytest.param(moment, "'cases'", id=f"cases-{moment}")
        for moment in WHILE_A_COMMAND_IS_FETCHED
    ),
]


@pytest.mark.skipif(sys.platform == "win32", reason="one process cannot interrupt another there")
@pytest.mark.parametrize(("moment", "words"), MOMENTS)
@pytest.mark.parametrize("start", STARTS)
def test_interrupted_while_it_starts_it_leaves_without_a_word(
    start: str, moment: str, words: str
) -> None:
    """The interpreter tells of each module as soon as it is imported: that is the moment."""
    program = PREPARED.format(words=words) + STARTS[start]
    command = [sys.executable, "-X", "importtime", "-c", program]
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stderr is not None
        reached, said = False, list[str]()
        for line in process.stderr:
            if not reached and line.rpartition("|")[2].strip() == moment:
                reached = True
                process.send_signal(signal.SIGINT)
            if not line.startswith("import time:"):
                said.append(line)
    assert reached
    assert process.returncode == 130
    assert said == []


COUNTED = """
import atexit, sys
from pathlib import Path
import attr._make as attrs_make
built = []
build = attrs_make._ClassBuilder.build_class
def count(builder):
    built.append(builder)
    return build(builder)
attrs_make._ClassBuilder.build_class = count
def tell():
    ours = [name for name in sys.modules if name.partition(".")[0] == "crmcore"]
    packages = sorted({name.partition(".")[0] for name in sys.modules})
    Path("counted").write_text(repr((len(ours), len(built), packages)))
atexit.register(tell)
"""
HELP = "import sys; sys.argv = ['crmcore', '--help']; from crmcore.cli import main; main()"
OPEN = "import crmcore; crmcore.open('sqlite:///crm.db').close()"
WRITE = (
    "import crmcore; from crmcore.commands import CustomerKind, RegisterCustomer as R;"
    " crm = crmcore.open('sqlite:///crm.db'); kind = CustomerKind.PERSON;"
    " crm.execute(R(customer_id=crmcore.new_id(), kind=kind, name='Ann', at=crm.now()), by='test')"
)
CALL = (
    "import sys; sys.argv = ['crmcore', '--db', 'sqlite:///crm.db', {words}];"
    " from crmcore.cli import main; sys.exit(main())"
)
SHOW = CALL.format(words="'projections', 'status'")
READ = CALL.format(words="'projections', 'status', '--json'")
FIND = CALL.format(words="'customers', 'find', '--json', 'Ann'")
HELP_OF_COMMAND = CALL.format(words="'history', '--help'")
ADDRESSES = ("phonenumbers", "email_validator", "idna")
SERVERS = ("psycopg", "psycopg2", "asyncpg", "pg8000")
FOR_SOME = (
    "holidays",
    "pyarrow",
    "dask",
    "distributed",
    "fastapi",
    "eventsourcing",
    "alembic",
    "opentelemetry",
)
FOR_PEOPLE = ("click", "rich")
NOT_NEEDED = (*ADDRESSES, *SERVERS, *FOR_SOME, "typer", "pydantic")


def counted(program: str, folder: Path) -> tuple[int, int, list[str]]:
    """Modules of ours, classes that attrs built, and packages that *program* has imported."""
    subprocess.run(
        [sys.executable, "-c", COUNTED + program], cwd=folder, capture_output=True, check=True
    )
    found: tuple[int, int, list[str]] = ast.literal_eval((folder / "counted").read_text())
    return found


@pytest.mark.parametrize(
    ("program", "modules", "classes", "absent"),
    [
        pytest.param(HELP, 32, 0, ("rich", "sqlalchemy", "msgspec", *NOT_NEEDED), id="the help"),
        pytest.param(HELP_OF_COMMAND, 275, 55, ("rich", *NOT_NEEDED), id="the help of a command"),
        pytest.param(OPEN, 34, 8, (*FOR_PEOPLE, *NOT_NEEDED), id="a log that is opened"),
        pytest.param(WRITE, 360, 110, (*FOR_PEOPLE, *NOT_NEEDED), id="a first command"),
        pytest.param(READ, 400, 110, ("rich", *NOT_NEEDED), id="a command that answers in JSON"),
        pytest.param(FIND, 405, 115, ("rich", *NOT_NEEDED), id="a question answered in JSON"),
        pytest.param(SHOW, 400, 110, NOT_NEEDED, id="a command that shows a table"),
    ],
)
def test_little_is_imported_and_built(
    program: str, modules: int, classes: int, absent: Sequence[str], tmp_path: Path
) -> None:
    """Counts do not depend on how busy a machine is, as seconds do."""
    crmcore.open(f"sqlite:///{tmp_path}/crm.db").close()
    ours, built, packages = counted(program, tmp_path)
    assert not set(absent) & set(packages)
    assert ours <= modules
    assert built <= classes


def test_what_is_not_asked_for_is_not_imported() -> None:
    program = (
        "import sys, crmcore; dir(crmcore);"
        " print([name for name in sys.modules if name.startswith(('crmcore.', 'sqlalchemy'))])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


def test_every_name_is_there_when_it_is_asked_for() -> None:
    everything: dict[str, object] = {}
    exec("from crmcore import *", everything)
    for name in crmcore.__all__:
        assert name in dir(crmcore)
        assert everything[name] is getattr(crmcore, name)
    assert sorted(crmcore._WHERE) == sorted(crmcore.__all__)


def test_a_name_that_is_not_there_is_told() -> None:
    with pytest.raises(AttributeError, match=r"module 'crmcore' has no attribute 'opne'"):
        crmcore.opne  # type: ignore[attr-defined]  # noqa: B018  # asked for, as it is not there
