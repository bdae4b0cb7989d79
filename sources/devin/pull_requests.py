"""What the address of a pull request tells: its host, repository and number.

The API gives the address only. The shapes are the hosts' own conventions; what none of them fits
keeps its host, and has no repository and no number.
"""

import re
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

import pyarrow as pa
import pyarrow.compute as pc

_NUMBER = r"(?P<number>[0-9]{1,19})(?![^/])"  # 19 digits: what a bigint may have

_SHAPES = (
    # Azure DevOps: /organisation/project/_git/name/pullrequest/7
    re.compile(r"^(?P<owner>.+)/_git/(?P<name>[^/]+)/pullrequest/" + _NUMBER),
    # Bitbucket Server: /projects/KEY/repos/name/pull-requests/7
    re.compile(
        r"^(?:projects|users)/(?P<owner>[^/]+)/repos/(?P<name>[^/]+)/pull-requests/" + _NUMBER
    ),
    # GitLab, groups nested to any depth: /group/sub/name/-/merge_requests/7
    re.compile(r"^(?P<owner>.+?)/(?P<name>[^/]+)(?:/-)?/merge_requests/" + _NUMBER),
    # GitHub (pull), Gitea and Forgejo (pulls), Bitbucket Cloud (pull-requests)
    re.compile(r"^(?P<owner>[^/]+)/(?P<name>[^/]+)/(?:pulls?|pull-requests)/" + _NUMBER),
)

_LARGEST_NUMBER = 2**63 - 1
_SURE_DIGITS = 18  # any number of so many is below that
_SAMPLES = (1, 2)
_HALVES = 2


class PullRequestAddress(NamedTuple):
    """Host in lower case; `repository` is `owner/name`, with every group of a nested one."""

    host: str | None
    repository: str | None
    number: int | None


def parse_address(url: str) -> PullRequestAddress:
    """Take the address of a pull request apart.

    Args:
        url: The address, as the API gives it.

    Returns:
        What could be read of it, None for the rest; nothing is guessed.
    """
    before, _, number = url.rpartition("/")
    if number.isascii() and number.isdecimal() and len(number) <= _SURE_DIGITS:
        place = _numbered(before)
        if place:
            return PullRequestAddress(place.host, place.repository, int(number))
    return _parse(url)


def parse_addresses(urls: pa.Array) -> list[pa.Array]:
    """Take many addresses apart, as `parse_address` does one.

    Returns:
        Hosts, repositories and numbers.
    """
    found = _parse_alike(urls)
    if found is None:
        kinds = (pa.string(), pa.string(), pa.int64())
        parts = [parse_address(url) for url in urls.to_pylist()]
        found = [pa.array([part[n] for part in parts], kind) for n, kind in enumerate(kinds)]
    return found


def _parse_alike(urls: pa.Array) -> list[pa.Array] | None:
    """The same where each ends with a number after what many have in common; else None."""
    halves = pc.split_pattern(urls, "/", max_splits=1, reverse=True)
    if not _all(pc.equal(pc.list_value_length(halves), _HALVES)):
        return None
    number, before = pc.list_element(halves, 1), pc.list_element(halves, 0).dictionary_encode()
    if not _all(pc.ascii_is_decimal(number)) or not _all(
        pc.less_equal(pc.binary_length(number), _SURE_DIGITS)
    ):
        return None
    places = [place for each in before.dictionary.to_pylist() if (place := _numbered(each))]
    if len(places) < len(before.dictionary):
        return None
    hosts, repositories = (pa.array([place[n] for place in places], pa.string()) for n in (0, 1))
    return [hosts.take(before.indices), repositories.take(before.indices), number.cast(pa.int64())]


def _all(conditions: pa.Array) -> bool:
    return bool(pc.all(conditions, min_count=0).as_py())


@lru_cache(maxsize=4096)
def _numbered(before: str) -> PullRequestAddress | None:
    """What all addresses are that end with a number after this; None if they differ in more."""
    first, second = (_parse(f"{before}/{number}") for number in _SAMPLES)
    alike = (first.number, second.number) == _SAMPLES and first[:2] == second[:2]
    return first if alike else None


def _parse(url: str) -> PullRequestAddress:
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return PullRequestAddress(None, None, None)
    path = unquote(parts.path).replace("\x00", "\ufffd").strip("/")
    for shape in _SHAPES:
        if (match := shape.match(path)) and int(match["number"]) <= _LARGEST_NUMBER:
            return PullRequestAddress(
                host, f"{match['owner']}/{match['name']}", int(match["number"])
            )
    return PullRequestAddress(host, None, None)
