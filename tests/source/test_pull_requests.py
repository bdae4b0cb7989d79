"""What the address of a pull request tells, on each host there is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.devin.pull_requests import parse_address

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
