"""Work that may be given up any moment, whatever it waits for."""

from collections.abc import Callable
from concurrent.futures import Future
from threading import Event, Thread
from typing import TypeVar

T = TypeVar("T")

_A_LOOK = 0.5  # seconds between two looks whether the run goes on
_PATIENCE = 2.0  # seconds that the work gets to end in


class GivenUp(Exception):
    """Nobody waits for the work any more."""


def attended(
    work: Callable[[Callable[[], None]], T], look: Callable[[], None], stop: Callable[[], None]
) -> T:
    """Do some work in a thread of its own, and look meanwhile whether the run goes on.

    Args:
        work: The work; is given what to call now and then, which raises once it is given up.
        look: Called every half second; may raise to end the run.
        stop: Called where that happens, to wake whatever the work waits for.

    Returns:
        What the work returns.

    Raises:
        BaseException: Whatever the work raises, or `look`, or a signal meanwhile.
    """
    done: Future[T] = Future()
    over = Event()

    def go_on() -> None:
        if over.is_set():
            raise GivenUp

    def do() -> None:
        try:
            done.set_result(work(go_on))
        except BaseException as error:  # raised again where the work is waited for
            done.set_exception(error)

    # A daemon, so that an answer that never comes does not keep the process alive.
    worker = Thread(target=do, name="devin-reader", daemon=True)
    worker.start()
    try:
        while worker.is_alive():
            look()
            worker.join(_A_LOOK)
        return done.result()
    finally:
        over.set()
        if worker.is_alive():
            stop()
            worker.join(_PATIENCE)
