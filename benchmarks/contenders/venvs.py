"""The virtual environments of contenders that cannot share ours: one for each group."""

import subprocess
import sys
import venv
from pathlib import Path

_ROOT = Path(__file__).parent.parent.parent
_REQUIREMENTS = Path(__file__).parent / "requirements"
_VENVS = _ROOT / "build" / "bench" / "venvs"


def python_of(group: str | None) -> str:
    """The interpreter of a group; ours where it is None."""
    return sys.executable if group is None else str(_VENVS / group / "bin" / "python")


def install(group: str) -> None:
    """Make the environment of a group, unless it is there as its requirements say.

    Args:
        group: The name of a file in `requirements`, without its ending.

    Raises:
        subprocess.CalledProcessError: pip could not install it; it said why.
    """
    requirements = _REQUIREMENTS / f"{group}.txt"
    folder = _VENVS / group
    stamp = folder / "installed.txt"  # last of all, so that one that was broken off is made anew
    if stamp.exists() and stamp.read_text() == requirements.read_text():
        return
    venv.create(folder, clear=True, with_pip=True)
    pip = [python_of(group), "-m", "pip", "--disable-pip-version-check", "--no-input", "-qq"]
    told = ["install", "--only-binary", ":all:", "--requirement", str(requirements)]
    subprocess.run([*pip, *told], check=True)  # noqa: S603 - our own list
    stamp.write_text(requirements.read_text())
