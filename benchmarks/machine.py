"""What a figure depends on beside the code: the machine, and the versions of everything."""

import json
import os
import platform
import subprocess
from typing import Any

_TELLING = (
    "airbyte",
    "airbyte-cdk",
    "dlt",
    "duckdb",
    "httpx",
    "orjson",
    "pandas",
    "polars",
    "pyarrow",
    "pydantic",
    "requests",
    "singer-sdk",
    "target-duckdb",
)
_GIB = 1024**3

_ASK = """
import json, platform
from importlib.metadata import distributions
found = {one.metadata["Name"].lower(): one.version for one in distributions()}
print(json.dumps({"python": platform.python_version(), **found}))
"""


def machine() -> dict[str, Any]:
    """The machine, by nothing that would tell it from another of its kind."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / _GIB
    return {
        "system": platform.system(),
        "architecture": platform.machine(),
        "cores": os.cpu_count(),
        "memory_gib": round(memory, 1),
    }


def versions(pythons: dict[str, str]) -> dict[str, dict[str, str]]:
    """The versions that each contender runs with.

    Args:
        pythons: The Python of each contender.
    """
    found = {python: _versions(python) for python in set(pythons.values())}
    return {name: found[python] for name, python in pythons.items()}


def _versions(python: str) -> dict[str, str]:
    asked = subprocess.run(  # noqa: S603 - a Python of ours
        [python, "-c", _ASK], check=True, capture_output=True, text=True
    )
    told: dict[str, str] = json.loads(asked.stdout)
    return {name: told[name] for name in ("python", *_TELLING) if name in told}
