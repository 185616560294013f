"""Setting up installs what is pinned and nothing else, whatever has been published since."""

import re
import subprocess
import sys
from base64 import urlsafe_b64encode
from collections.abc import Iterable
from hashlib import sha256
from importlib.metadata import distribution, distributions
from pathlib import Path
from zipfile import ZipFile

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PIN = re.compile(r"^(?P<requirement>[^\s#\\-][^\\]*?) *\\?$", re.MULTILINE)


def pins(text: str) -> dict[str, Requirement]:
    found = [Requirement(one["requirement"]) for one in PIN.finditer(text)]
    return {canonicalize_name(one.name): one for one in found}


PINNED = pins((ROOT / "constraints.txt").read_text(encoding="utf-8"))


def wheel(folder: Path, name: str, version: str, *metadata: str) -> Path:
    """A package with one module, which tells its version."""
    file = folder / f"{name}-{version}-py3-none-any.whl"
    info = f"{name}-{version}.dist-info"
    contents = {
        f"{name}.py": f"VERSION = {version!r}\n",
        f"{info}/METADATA": "\n".join(
            ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", *metadata, ""]
        ),
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    with ZipFile(file, "w") as archive:
        for path, text in contents.items():
            archive.writestr(path, text)
        rows = [f"{path},{_digest(text)},{len(text)}" for path, text in contents.items()]
        archive.writestr(f"{info}/RECORD", "\n".join([*rows, f"{info}/RECORD,,", ""]))
    return file


def _digest(text: str) -> str:
    return "sha256=" + urlsafe_b64encode(sha256(text.encode()).digest()).rstrip(b"=").decode()


def commands_of_setting_up(venv: Path) -> list[str]:
    """What `make setup` would run for a virtual environment that is not there yet."""
    make = ["make", "--dry-run", "setup", f"VENV={venv}", f"PYTHON={sys.executable}"]
    shown = subprocess.run(make, cwd=ROOT, capture_output=True, text=True, check=True)
    return [line for line in shown.stdout.splitlines() if f"{venv}/bin/python" in line]


def test_a_newer_release_of_a_dependency_with_an_extra_changes_nothing(tmp_path: Path) -> None:
    published = tmp_path / "published"
    published.mkdir()
    needs = "Requires-Dist: crmcore_test_cover[toml]>=1"
    extra = ("Provides-Extra: toml", 'Requires-Dist: crmcore_test_toml; extra == "toml"')
    pinned = [
        ("crmcore_test_plugin", wheel(published, "crmcore_test_plugin", "1.0", needs)),
        ("crmcore_test_cover", wheel(published, "crmcore_test_cover", "1.0", *extra)),
        ("crmcore_test_toml", wheel(published, "crmcore_test_toml", "1.0")),
    ]
    wheel(published, "crmcore_test_cover", "2.0", *extra)
    wheel(published, "crmcore_test_toml", "2.0")
    lines = (
        f"{name}==1.0 --hash=sha256:{sha256(file.read_bytes()).hexdigest()}"
        for name, file in pinned
    )
    (tmp_path / "constraints.txt").write_text("\n".join(lines))
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", venv], check=True)
    about_others = [one for one in commands_of_setting_up(venv) if not one.endswith("-e .")]
    offline = {
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(published),
        "PIP_CONFIG_FILE": "/dev/null",
    }
    for command in about_others:
        subprocess.run(command, shell=True, cwd=tmp_path, env=offline, check=True)
    tell = "import crmcore_test_cover, crmcore_test_toml as toml; print(crmcore_test_cover.VERSION, toml.VERSION)"
    told = subprocess.run([venv / "bin/python", "-c", tell], capture_output=True, check=True)
    assert told.stdout.split() == [b"1.0", b"1.0"]


def needed(extras: Iterable[str], requirements: Iterable[str]) -> list[Requirement]:
    """Those of a package's *requirements* that hold here, with these *extras*."""
    found = [Requirement(one) for one in requirements]
    wanted = ["", *extras]
    return [
        one
        for one in found
        if one.marker is None or any(one.marker.evaluate({"extra": extra}) for extra in wanted)
    ]


INSTALLED = {canonicalize_name(one.name) for one in distributions()}


@pytest.mark.parametrize("name", sorted(PINNED.keys() & INSTALLED))
def test_what_a_pinned_package_needs_is_pinned_with_its_extras(name: str) -> None:
    installed = distribution(name)
    assert PINNED[name].specifier.contains(installed.version)
    for requirement in needed(PINNED[name].extras, installed.requires or ()):
        pin = PINNED.get(canonicalize_name(requirement.name))
        assert pin is not None, f"{requirement} is not pinned"
        assert requirement.extras <= pin.extras, f"{requirement}: the pin is {pin}"
        assert requirement.specifier.contains(
            distribution(requirement.name).version, prereleases=True
        )
