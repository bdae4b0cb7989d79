"""What keeps a test away from the machine it runs on: its network, its settings, its files."""

from __future__ import annotations

import ipaddress
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from dlt.common.configuration.container import Container
from dlt.common.configuration.specs.pluggable_run_context import PluggableRunContext
from dlt.common.pipeline import PipelineContext

CONFIGURATION = (
    "CREDENTIALS",
    "DATA_WRITER__",
    "DESTINATION__",
    "DEVIN_",
    "DLT_",
    "EXTRACT__",
    "LOAD__",
    "MODELS__",
    "NORMALIZE__",
    "PIPELINES__",
    "RUNTIME__",
    "SCHEMA__",
    "SOURCES__",
)
"""How the environment variables begin that dlt or the product read."""


class OutsideConnectionError(RuntimeError):
    """A test tried to leave this machine.

    Not an `OSError`: code that retries or forgives a network failure must not hide it.
    """


def is_local(host: object) -> bool:
    """Tell whether a host name or address is this machine's own."""
    if isinstance(host, bytes):
        host = host.decode(errors="replace")
    if host is None or host in {"", "localhost"}:
        return True
    try:
        address = ipaddress.ip_address(str(host).partition("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def block_outside_connections() -> None:
    """Refuse, from now to the end of the process, to look up or reach another machine."""
    sys.addaudithook(_refuse_outside)


def _refuse_outside(event: str, arguments: tuple[Any, ...]) -> None:
    if not event.startswith("socket."):
        return
    if event in {"socket.connect", "socket.sendto", "socket.sendmsg"}:
        # The address of a Unix socket is a path, and sendmsg's is None on a connected one.
        address = arguments[1]
        host = address[0] if isinstance(address, tuple) else None
    elif event in {"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"}:
        host = arguments[0]
    else:
        return
    if not is_local(host):
        raise OutsideConnectionError(f"A test tried to reach {host!r} ({event}).")


def isolate_settings(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give a test an empty working folder and none of the settings of whoever runs it."""
    for name in list(os.environ):
        if name.startswith(CONFIGURATION):
            monkeypatch.delenv(name)
    monkeypatch.setenv("DLT_DATA_DIR", str(folder / "dlt"))
    monkeypatch.setenv("RUNTIME__DLTHUB_TELEMETRY", "false")
    monkeypatch.setenv("RUNTIME__LOG_LEVEL", "WARNING")
    # Most tests are about sessions; those of the other tables ask for them.
    monkeypatch.setenv("SOURCES__DEVIN__USAGE_EVERY", "0")
    # dlt also reads a config.toml of the user: below HOME, or in /var/dlt for root.
    monkeypatch.setattr("dlt.common.runtime.run_context.global_dir", lambda: str(folder / "user"))
    monkeypatch.chdir(folder)


def reset_dlt() -> None:
    """Forget the active pipeline and read the settings again from the working folder."""
    Container()[PipelineContext].deactivate()
    Container()[PluggableRunContext].reload(".")
