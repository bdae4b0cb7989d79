"""Opens the notebook over the models in a browser."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import dlt

from sources.devin.errors import ConfigurationError

from .report.content import Asked, reading

NOTEBOOK = Path(__file__).with_name("explore_notebook.py")


class ExploreNotInstalled(ConfigurationError):
    """The extra that the notebook needs is not there."""

    advice = "Install it into the same environment: pip install 'devin-elt[explore]'"


def explore(
    pipeline: dlt.Pipeline, destination: str, dataset: str, *, port: int | None, headless: bool
) -> int:
    """Serve the notebook on this machine until it is stopped.

    Nobody else on the machine can look into it: its address holds a token, made up for this run.

    Args:
        pipeline: The pipeline into the warehouse, to look whether there is anything to explore.
        destination: Its destination, for the notebook to open it again.
        dataset: Its dataset.
        port: Where to serve it; any that is free if None.
        headless: Whether to leave it to somebody else to open a browser.

    Returns:
        The exit code; 0 if it was stopped.

    Raises:
        ExploreNotInstalled: marimo is not installed.
        ConfigurationError: There is nothing to explore.
        Exception: Whatever dlt raises where the destination cannot be read.
    """
    if importlib.util.find_spec("marimo") is None:
        raise ExploreNotInstalled("the notebook needs marimo, which is not installed")
    with reading(pipeline, Asked()):
        pass
    serving = command(destination, dataset, port=port, headless=headless)
    with subprocess.Popen(serving) as running:  # noqa: S603 - our own notebook
        try:
            return running.wait()
        except KeyboardInterrupt:
            running.terminate()
            return 0


def command(destination: str, dataset: str, *, port: int | None, headless: bool) -> list[str]:
    """What is run to serve the notebook."""
    return [
        *(sys.executable, "-m", "marimo", "run", "--token", "--no-check", "--no-sandbox"),
        *(["--headless"] if headless else []),
        *(["--port", str(port)] if port is not None else []),
        *(str(NOTEBOOK), "--", "--destination", destination, "--dataset", dataset),
    ]
