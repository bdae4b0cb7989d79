"""What verbs that load have in common: what they show, print, and end with."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from .display import Display
from .ending import Complain, complaints, failures
from .showing import LogFormat, showing
from .stopping import stoppable
from .sync import sync
from .warehouse import open_pipeline
from .words import sync_in_words


@dataclass
class Running:
    """Cycles of one pipeline, shown to whoever started them.

    Attributes:
        destination: The destination's name.
        dataset: The dataset.
        display: What the terminal shows.
        complain: Tells an error after which there may be another cycle.
        as_json: Whether to print results as JSON.
        rejected: Items that broke their contract, over all cycles.
    """

    destination: str
    dataset: str
    display: Display
    complain: Complain
    as_json: bool
    rejected: int = 0

    def cycle(self, **options: Any) -> None:
        """Run one, and print what came of it.

        Args:
            options: Arguments of `devin` that are not left to the configuration.

        Raises:
            DevinError: Some of it failed; the rest is loaded, and printed.
        """
        result = sync(open_pipeline(self.destination, self.dataset), **options)
        self.rejected += result.rejected
        self.display.clear()
        shown = json.dumps(result.as_json()) if self.as_json else sync_in_words(result)
        sys.stdout.write(f"{shown}\n")
        sys.stdout.flush()
        if result.failure:
            raise result.failure


@contextmanager
def running(
    destination: str, dataset: str, log_format: LogFormat, *, as_json: bool, debug: bool
) -> Iterator[Running]:
    """Show what happens in the block, and end the program where it fails."""
    with showing(log_format, debug=debug) as display:
        complain = complaints(display.clear, in_json=log_format == "json", debug=debug)
        with stoppable(), failures(complain):
            yield Running(destination, dataset, display, complain, as_json)
