"""How much of a rate limit is used, and whether every pause that was asked for is kept.

    python -m benchmarks.rate_limit --seconds 40

Reads from a demo API that lets 20 requests a second pass, with 8 and 16 walkers, once without
knowing the limit and once with `requests_per_second` set to it. Ends with 1 where it misses a bar.
"""

import argparse
import sys
from functools import partial

from pipelines.devin.demo_api import Settings, World
from pipelines.devin.demo_api.server import RecordedRequest

from .loading import load_average, say
from .reading import read_all
from .serving import ServerProcess, forget_requests, recorded_requests

RATE = 20
USED = 0.9
_LATENCY = 0.1
_PAGE = 20
_BUCKET = RATE  # requests that pass at once in the beginning
_CONFIGURATIONS = [(8, None), (16, None), (8, RATE), (16, RATE)]


def used(requests: list[RecordedRequest]) -> float:
    """The share of what the limit lets through, once the bucket it begins with is empty."""
    answered = [request.at for request in requests if request.retry_after is None]
    after = answered[_BUCKET:]
    return len(after) / (RATE * (after[-1] - answered[_BUCKET - 1]))


def measure(seconds: int) -> bool:
    """Run each configuration; whether all bars are met."""
    met = True
    settings = Settings(page_latency=_LATENCY, rate_limit=RATE)
    sessions = seconds * RATE * _PAGE
    with ServerProcess(partial(World.build, sessions), settings) as server:
        for walkers, told in _CONFIGURATIONS:
            server.ask(forget_requests)
            reading = read_all(server, walkers, _PAGE, told)
            requests = server.ask(recorded_requests)
            share, early = used(requests), reading.early
            refused = sum(request.retry_after is not None for request in requests)
            met &= share >= USED and not early
            say(
                f"{walkers} walkers, {'limit told' if told else 'limit not told'}: "
                f"{share:.0%} of the rate used (bar: {USED:.0%}), {len(early)} sent within a "
                f"pause (bar: 0{f', worst {max(early):.2f} s' if early else ''}); "
                f"{refused} of {len(requests)} refused, {reading.seconds:.0f} s "
                f"(load average {load_average()})"
            )
    return met


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=40)
    sys.exit(not measure(parser.parse_args().seconds))
