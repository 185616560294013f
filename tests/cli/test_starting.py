"""How the command starts: interrupted at any moment it leaves without a word, and what it is not
asked for it does not import."""

import signal
import subprocess
import sys

import pytest

import crmcore

STARTS = {
    "module": "import runpy; runpy.run_module('crmcore', run_name='__main__', alter_sys=True)",
    "script": "from crmcore.cli import main; sys.exit(main())",
}
# A shell's background has interruptions ignored, and a process inherits that.
PREPARED = (
    "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler);"
    " sys.argv = ['crmcore', '--help']; "
)
MOMENTS = (
    "attr._make",
    "sqlalchemy.util.typing",
    "sqlalchemy.sql.elements",
    "sqlalchemy.engine.base",
    "crmcore.domain.kernel",
    "crmcore.application.executing",
    "typer.core",
    "crmcore.cli.faults",
    "crmcore.cli.session",
    "crmcore.cli.app",
)


@pytest.mark.skipif(sys.platform == "win32", reason="one process cannot interrupt another there")
@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("start", STARTS)
def test_interrupted_while_it_starts_it_leaves_without_a_word(start: str, moment: str) -> None:
    """The interpreter tells of each module as soon as it is imported: that is the moment."""
    command = [sys.executable, "-X", "importtime", "-c", PREPARED + STARTS[start]]
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
