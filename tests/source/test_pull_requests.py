"""What the address of a pull request tells, on each host there is."""

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sources.devin import pull_requests
from sources.devin.pull_requests import parse_address, parse_addresses

LARGEST = 2**63 - 1


@pytest.mark.parametrize(
    ("url", "host", "repository", "number"),
    [
        # GitHub
        ("https://github.com/acme/api/pull/7", "github.com", "acme/api", 7),
        ("https://github.com/acme/api/pull/7/files#diff-1", "github.com", "acme/api", 7),
        ("https://github.com/acme/api/pull/7?w=1", "github.com", "acme/api", 7),
        ("https://github.com/acme/api.js/pull/007/", "github.com", "acme/api.js", 7),
        ("HTTPS://GitHub.com/Acme/API/pull/7", "github.com", "Acme/API", 7),
        ("https://github.com/pull/pull/pull/7", "github.com", "pull/pull", 7),
        # GitHub Enterprise
        ("https://github.acme.dev:8443/acme/api/pull/12", "github.acme.dev", "acme/api", 12),
        # GitLab
        ("https://gitlab.com/acme/api/-/merge_requests/3", "gitlab.com", "acme/api", 3),
        ("https://gitlab.com/a/b/c/d/-/merge_requests/3/diffs", "gitlab.com", "a/b/c/d", 3),
        ("https://git.acme.dev/acme/api/merge_requests/3", "git.acme.dev", "acme/api", 3),
        ("https://git.acme.dev/a/b/c/merge_requests/3", "git.acme.dev", "a/b/c", 3),
        # Bitbucket Cloud and Server
        ("https://bitbucket.org/acme/api/pull-requests/5", "bitbucket.org", "acme/api", 5),
        ("https://bitbucket.org/acme/api/pull-requests/5/diff", "bitbucket.org", "acme/api", 5),
        ("https://bb.acme.dev/projects/API/repos/web/pull-requests/5", "bb.acme.dev", "API/web", 5),
        ("https://bb.acme.dev/users/ann/repos/web/pull-requests/5", "bb.acme.dev", "ann/web", 5),
        (
            "https://bb.acme.dev/projects/API/repos/web/pull-requests/5/overview",
            "bb.acme.dev",
            "API/web",
            5,
        ),
        # Azure DevOps
        (
            "https://dev.azure.com/acme/Big%20Project/_git/api/pullrequest/9",
            "dev.azure.com",
            "acme/Big Project/api",
            9,
        ),
        ("https://dev.azure.com/acme/_git/api/pullrequest/9", "dev.azure.com", "acme/api", 9),
        (
            "https://acme.visualstudio.com/P/_git/api/pullrequest/9",
            "acme.visualstudio.com",
            "P/api",
            9,
        ),
        # Gitea and Forgejo
        ("https://codeberg.org/acme/api/pulls/4", "codeberg.org", "acme/api", 4),
        ("http://[::1]:3000/acme/api/pulls/4", "::1", "acme/api", 4),
        # Numbers
        (f"https://github.com/acme/api/pull/{LARGEST}", "github.com", "acme/api", LARGEST),
        (f"https://github.com/acme/api/pull/{LARGEST + 1}", "github.com", None, None),
        (f"https://github.com/acme/api/pull/{'9' * 5000}", "github.com", None, None),
        ("https://github.com/acme/api/pull/7th", "github.com", None, None),
        ("https://github.com/acme/api/pull/-7", "github.com", None, None),
        ("https://github.com/acme/api/pull/\u0667", "github.com", None, None),
        ("https://github.com/acme/api/pull/", "github.com", None, None),
        # Others
        ("https://github.com/acme/api/issues/7", "github.com", None, None),
        ("https://github.com/acme/api", "github.com", None, None),
        ("https://github.com/api/pull/7", "github.com", None, None),
        ("https://github.com", "github.com", None, None),
        ("github.com/acme/api/pull/7", None, None, None),
        ("acme/api#7", None, None, None),
        ("mailto:ann@acme.dev", None, None, None),
        ("https://[::1/acme/api/pull/7", None, None, None),
        ("https://exa\u2100mple.com/acme/api/pull/7", None, None, None),
        ("https:///issues/7", None, None, None),
        ("", None, None, None),
        (" ", None, None, None),
        # Text that a destination can hold
        ("https://github.com/a%00b/c%00/pull/7", "github.com", "a\ufffdb/c\ufffd", 7),
        ("https://github.com/%ED%A0%80/c/pull/7", "github.com", "\ufffd\ufffd\ufffd/c", 7),
        ("https://github.com/%C3%A9/c/pull/7", "github.com", "é/c", 7),
    ],
)
def test_an_address_tells_host_repository_and_number(
    url: str, host: str | None, repository: str | None, number: int | None
) -> None:
    assert (host, repository, number) == parse_address(url)


PARTS = st.sampled_from(
    [
        *("https://", "github.com", "/", "a", "_git", "-", "projects", "repos", "pull", "pulls"),
        *("pullrequest", "pull-requests", "merge_requests", "7", "9" * 30, "9" * 5000),
        *("[", "]", "%", "%00", "\x00"),
    ]
)


@given(st.text() | st.lists(PARTS, max_size=12).map("".join))
def test_no_address_breaks_the_reader(url: str) -> None:
    host, repository, number = parse_address(url)

    assert (repository is None) == (number is None)
    assert number is None or 0 <= number <= LARGEST
    assert "\x00" not in f"{repository}"
    f"{host}{repository}".encode()


NUMBERS = st.sampled_from(
    [
        *("0", "1", "2", "7", "007", "0" * 30, "1" * 20, "9" * 18, "9" * 19),
        *(f"{LARGEST}", f"{LARGEST + 1}", "\u0667", "\uff17", "\u00b2", "%37", "1%"),
        *("-7", "+7", "7_0", "7th", " 7", "7 ", ""),
    ]
)
WORDS = st.sampled_from(
    [
        *("pull", "pulls", "pull-requests", "merge_requests", "pullrequest", "issues"),
        *("projects", "users", "repos", "_git", "-", "a", "b%2Fc", "%", "%0", "", "."),
    ]
)
HOSTS = st.sampled_from(
    [
        *("https://github.com", "HTTPS://GitHub.com:443", "http://[::1]:3000", "https://[::1"),
        *(
            "https:/",
            "https://",
            "//h",
            "",
            "mailto:a",
            "https://1",
            "https://h:x",
            "https://u:p@h",
        ),
        *("https://exa\u2100mple.com", "\x00", "\nhttps://h", "https://h?", "https://h#"),
        *("https://h/a?b=/pull",),
    ]
)
ENDS = st.sampled_from(
    ["", "/", "//", "?w=1", "#x", "?w=/7", "#/7", "/files", ";7", "\n", "\t7", "%2F7"]
)
USUAL = st.sampled_from(
    [
        *("a/b/pull", "a/b/pulls", "a/b/pull-requests", "a/b/-/merge_requests"),
        *("a/b/c/merge_requests", "a/p/_git/b/pullrequest"),
        *("projects/A/repos/b/pull-requests", "users/A/repos/b/pull-requests"),
    ]
)
URLS = st.builds(
    lambda host, path, end: "/".join([host, *path]) + end,
    HOSTS,
    st.lists(USUAL | WORDS | NUMBERS, max_size=7)
    | st.tuples(USUAL, NUMBERS)
    | st.tuples(USUAL, NUMBERS, USUAL, NUMBERS),
    ENDS,
)


@settings(max_examples=400)
@given(URLS | st.lists(PARTS | NUMBERS, max_size=12).map("".join), NUMBERS)
@example("https://github.com/a/b/pull/1/merge_requests/2", "2")
@example("https://github.com/a/b/pull/1/c/pull/2", "1")
@example("https://github.com/pull/pull/pull", "7")
@example("https://", "7")
def test_what_is_remembered_of_other_addresses_changes_nothing(url: str, number: str) -> None:
    expected = [pull_requests._parse(each) for each in (url, f"{url}/{number}")]

    pull_requests._numbered.cache_clear()
    assert [parse_address(url), parse_address(f"{url}/{number}")] == expected
    for other in ("1", "2", "9" * 18):
        parse_address(f"{url}/{other}")
        parse_address(f"{url.rpartition('/')[0]}/{other}")
    assert [parse_address(f"{url}/{number}"), parse_address(url)] == expected[::-1]


def test_addresses_of_one_repository_are_taken_apart_once() -> None:
    pull_requests._numbered.cache_clear()

    found = [parse_address(f"https://github.com/acme/api/pull/{number}") for number in range(50)]

    assert found == [("github.com", "acme/api", number) for number in range(50)]
    assert pull_requests._numbered.cache_info().misses == 1


REPOSITORIES = st.sampled_from(["https://github.com/acme/api/pull/", "https://b.dev/acme/api/-/"])
ADDRESSES = st.builds("{}{}".format, REPOSITORIES, NUMBERS) | st.sampled_from(["", "7", "/7"])


@given(st.lists(ADDRESSES, max_size=4))
@example([])
@example(["https://github.com/acme/api/pull/7", "https://b.dev/a/b/merge_requests/007"])
@example(["https://github.com/acme/api/pull/7", "https://github.com/acme/api/pull/7/files"])
def test_many_addresses_tell_what_each_does(urls: list[str]) -> None:
    found = parse_addresses(pa.array(urls, pa.string()))

    assert [parse_address(url) for url in urls] == list(
        zip(*(part.to_pylist() for part in found), strict=True)
    )
    assert [pa.string(), pa.string(), pa.int64()] == [part.type for part in found]
