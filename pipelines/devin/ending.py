"""How a verb ends: with an exit code, and where it failed with one error on stderr."""

import json
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sources.devin.errors import DevinError

REJECTED_EXIT_CODE = 3

Complain = Callable[["DevinError"], None]


def complaints(
    before: Callable[[], None] = lambda: None, *, in_json: bool = False, debug: bool = False
) -> Complain:
    """How errors are told.

    Args:
        before: Called first: takes away what the terminal shows for the moment.
        in_json: Whether to write a line of the JSON log instead of words.
        debug: Whether to show the traceback as well.

    Returns:
        A function that tells one, to be called where it is handled.
    """

    def complain(error: "DevinError") -> None:
        before()
        if debug:
            traceback.print_exc()
        told = _as_json(error) if in_json else f"error: {error}"
        sys.stderr.write(f"{told}\n")

    return complain


def _as_json(error: "DevinError") -> str:
    said = {"level": "error", "event": "error", "error": type(error).__name__}
    return json.dumps(said | {"message": str(error), "exit_code": error.exit_code})


@contextmanager
def failures(complain: Complain) -> Iterator[None]:
    """Tell the error that ends the block, and end the program with its exit code.

    A defect of this program is raised as it is.
    """
    try:
        yield
    except (Exception, KeyboardInterrupt) as failure:
        from .failures import explained  # noqa: PLC0415  # it takes dlt, which --help does not

        error = explained(failure)
        if error is None:
            raise
        complain(error)
        sys.exit(error.exit_code)
