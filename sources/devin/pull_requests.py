"""What the address of a pull request tells: its host, repository and number.

The API gives the address only. The shapes are the hosts' own conventions; what none of them fits
keeps its host, and has no repository and no number.
"""

import re
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

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
