"""Code hosts: how each writes the address of a pull request, and how to read it back."""

import re
from typing import NamedTuple
from urllib.parse import quote, unquote, urlsplit

_PULL_PATH = re.compile(
    r"^/(?P<name>.+?)(?:/-/merge_requests|/pull-requests|/pullrequest|/pull)/\d+/?$"
)


class Repository(NamedTuple):
    """A repository on one of the hosts.

    Attributes:
        prefix: Address of its pull requests up to the number.
        shouts: Whether the host writes states in capitals.
    """

    prefix: str
    shouts: bool = False

    def pull(self, number: int) -> str:
        """Address of the pull request with that number."""
        return f"{self.prefix}{number}"


def github(owner: str, name: str) -> Repository:
    """A repository on GitHub."""
    return Repository(f"https://github.com/{owner}/{name}/pull/")


def gitlab(groups: str, name: str) -> Repository:
    """A project on a self-hosted GitLab, whose groups nest (`a/b/c`)."""
    return Repository(f"https://gitlab.acme.example/{groups}/{name}/-/merge_requests/")


def bitbucket(workspace: str, name: str) -> Repository:
    """A repository on Bitbucket Cloud."""
    return Repository(f"https://bitbucket.org/{workspace}/{name}/pull-requests/", shouts=True)


def azure(organisation: str, project: str, name: str) -> Repository:
    """A repository on Azure DevOps, whose project names may hold spaces."""
    base = f"https://dev.azure.com/{organisation}/{quote(project)}"
    return Repository(f"{base}/_git/{name}/pullrequest/")


def repository_name(pr_url: str) -> str | None:
    """The `owner/name` of the repository a pull request belongs to, or None if it has none.

    Nested groups stay in the owner; the `_git` that Azure DevOps puts in front of the name goes.
    """
    match = _PULL_PATH.match(urlsplit(pr_url).path)
    return unquote(match["name"]).replace("/_git/", "/") if match else None
