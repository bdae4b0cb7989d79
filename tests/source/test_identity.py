"""Whom a token belongs to, and what a refusal really means."""

import json
from typing import Any

import pytest

from pipelines.devin.demo_api import DemoServer, Fault
from sources.devin.client import Client
from sources.devin.errors import (
    BodyUnreadable,
    ConfigurationError,
    DevinError,
    OrganizationUnknown,
    PermissionMissing,
    RequestRefused,
    TokenRejected,
    Unreachable,
)
from sources.devin.identity import Access, check_access, explained, own_organization, whoami
from sources.devin.listing import Bounds, EnterpriseListing, Listing

from .conftest import ORG, SESSIONS_PATH, TOKEN, Answer, Connect, Serve

OTHER = "org-other"


def refusal_of(client: Client, org_id: str) -> DevinError:
    """What a sync would raise where it may not list an organisation."""
    return refusal_by(Listing(client, org_id))


def refusal_by(listing: Listing | EnterpriseListing) -> DevinError:
    with pytest.raises(DevinError) as caught:
        listing.page(Bounds(), None)
    return explained(caught.value, listing)


def test_the_api_knows_whom_a_token_belongs_to(server: DemoServer, client: Client) -> None:
    owner = whoami(client)

    assert (owner["principal_type"], owner["org_id"]) == ("service_user", ORG)
    assert [request.path for request in server.requests] == ["/v3/self"]


@pytest.mark.parametrize("status", [401, 403])
def test_a_token_that_the_api_does_not_know_is_rejected(
    status: int, server: DemoServer, client: Client
) -> None:
    server.faults.push(Fault(status=status))

    with pytest.raises(TokenRejected) as caught:
        whoami(client)

    assert caught.value.message.startswith(
        f"the API does not accept the token: GET /v3/self was refused with HTTP {status}: "
    )
    assert "SOURCES__DEVIN__API_KEY" in caught.value.advice


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"<html>", b"[" * 100_000])
def test_an_owner_that_is_no_json_object_is_unreadable(
    body: bytes, serve: Serve, connect: Connect
) -> None:
    client = connect(serve(lambda _: Answer(body=body)), attempts=2)

    with pytest.raises(BodyUnreadable, match="failed after 2 attempts: not "):
        whoami(client)


@pytest.mark.parametrize(
    ("owner", "expected"),
    [
        ({"principal_type": "service_user", "org_id": "org-1"}, "org-1"),
        ({"org_id": None, "devin_sessions_org_id": "org-2"}, "org-2"),
        ({"devin_sessions_org_id": "org-2"}, "org-2"),
        ({"org_id": "org-1", "devin_sessions_org_id": "org-2"}, "org-1"),
    ],
)
def test_a_token_works_in_its_own_organisation(
    owner: dict[str, Any], expected: str, serve: Serve, connect: Connect
) -> None:
    client = connect(serve(lambda _: Answer(body=json.dumps(owner).encode())))

    assert expected == own_organization(client)


@pytest.mark.parametrize("owner", [{}, {"org_id": None}, {"org_id": ""}])
def test_a_token_of_no_single_organisation_needs_one_in_the_configuration(
    owner: dict[str, Any], serve: Serve, connect: Connect
) -> None:
    client = connect(serve(lambda _: Answer(body=json.dumps(owner).encode())))

    with pytest.raises(ConfigurationError) as caught:
        own_organization(client)

    assert type(caught.value) is ConfigurationError
    assert caught.value.message == (
        "org_ids is not configured, and the token belongs to no single organisation"
    )
    assert "SOURCES__DEVIN__ORG_IDS" in caught.value.advice


def test_a_wrong_token_is_not_taken_for_a_missing_permission(
    server: DemoServer, connect: Connect
) -> None:
    error = refusal_of(connect(token="cog_wr0ng"), ORG)

    assert type(error) is TokenRejected
    assert error.message == (
        "the API does not accept the token: GET /v3/self was refused with HTTP 403: Forbidden: "
        "The token is not valid."
    )
    assert [request.path for request in server.requests] == [SESSIONS_PATH, "/v3/self"]


def test_a_refusal_stays_what_it_is_where_nobody_can_say_whose_the_token_is(
    server: DemoServer, connect: Connect
) -> None:
    server.faults.push(Fault(status=403), Fault(status=400))

    error = refusal_of(connect(), ORG)

    assert type(error) is PermissionMissing
    assert error.message.startswith(f"GET {SESSIONS_PATH} was refused with HTTP 403")


def test_a_missing_permission_is_named_with_its_organisation(
    server: DemoServer, client: Client
) -> None:
    server.settings.readable_orgs = frozenset({ORG})

    error = refusal_of(client, OTHER)

    assert type(error) is PermissionMissing
    assert error.message == (
        "the token is valid, but may not list the sessions of organisation org-other: it needs "
        "ViewOrgSessions there (GET /v3/organizations/org-other/sessions was refused with HTTP "
        "403: Forbidden: The permission ViewOrgSessions is missing in org-other.)"
    )


def test_an_unknown_organisation_is_named_with_the_address(
    server: DemoServer, client: Client
) -> None:
    error = refusal_of(client, "org-none")

    assert type(error) is OrganizationUnknown
    assert error.message == (
        f"organisation org-none is unknown to {server.base_url} (GET /v3/organizations/org-none/"
        "sessions was refused with HTTP 404: Not Found: There is no organization org-none.)"
    )
    assert [f"/v3/organizations/{'org-none'}/sessions"] == [
        request.path for request in server.requests
    ]


@pytest.mark.parametrize("kind", [TokenRejected, RequestRefused, Unreachable, BodyUnreadable])
def test_any_other_error_explains_itself(
    kind: type[DevinError], server: DemoServer, client: Client
) -> None:
    error = kind("It happened")

    assert explained(error, Listing(client, ORG)) is error
    assert server.requests == []


def listings(client: Client, *org_ids: str) -> list[Listing]:
    return [Listing(client, org_id) for org_id in org_ids]


def test_access_is_told_for_each_organisation(server: DemoServer, client: Client) -> None:
    server.settings.readable_orgs = frozenset({ORG})

    found = list(check_access(client, listings(client, ORG, OTHER, "org-none")))

    assert found[0] == Access(ORG, None)
    assert [access.scope for access in found] == [ORG, OTHER, "org-none"]
    assert [PermissionMissing, OrganizationUnknown] == [
        type(access.problem) for access in found[1:]
    ]


def test_a_token_that_is_rejected_has_no_access_to_tell_of(connect: Connect) -> None:
    client = connect(token=f"{TOKEN}-not")

    with pytest.raises(TokenRejected):
        list(check_access(client, listings(client, ORG)))


# v2

ENTERPRISE_PATH = "/v2/enterprise/sessions"


@pytest.mark.parametrize("status", [401, 403])
def test_v2_says_which_key_it_takes_and_asks_nobody_whose_this_one_is(
    status: int, server: DemoServer, client: Client
) -> None:
    server.faults.push(Fault(status=status))

    error = refusal_by(EnterpriseListing(client))

    assert type(error) is TokenRejected
    assert error.message.startswith(
        "v2 of the API takes the personal key of an Enterprise Admin only ("
    )
    assert f"GET {ENTERPRISE_PATH} was refused with HTTP {status}" in error.message
    assert error.advice == (
        "Put such a key (it begins with apk_user_) into SOURCES__DEVIN__API_KEY. With a service "
        'user key (cog_) read v3: api_version = "v3" under [sources.devin] in .dlt/config.toml.'
    )
    assert [request.path for request in server.requests] == [ENTERPRISE_PATH]


def test_an_api_without_v2_is_named_with_its_address(server: DemoServer, client: Client) -> None:
    server.faults.push(Fault(status=404))

    error = refusal_by(EnterpriseListing(client))

    assert type(error) is OrganizationUnknown
    assert error.message.startswith(f"v2/enterprise is unknown to {server.base_url} (GET ")
    assert 'api_version = "v3"' in error.advice


@pytest.mark.parametrize("kind", [RequestRefused, Unreachable, BodyUnreadable])
def test_any_other_error_of_v2_explains_itself(kind: type[DevinError], client: Client) -> None:
    error = kind("It happened")

    assert explained(error, EnterpriseListing(client)) is error


def test_access_is_told_for_the_scope_of_v2(server: DemoServer, connect: Connect) -> None:
    client = connect(token=server.settings.enterprise_token)

    found = list(check_access(client, [EnterpriseListing(client, (ORG,))]))

    assert found == [Access("v2/enterprise?org_ids=org-demo", None)]
    assert [request.path for request in server.requests] == [ENTERPRISE_PATH]


def test_a_key_of_v3_has_no_access_to_v2(client: Client) -> None:
    with pytest.raises(TokenRejected, match="personal key of an Enterprise Admin"):
        list(check_access(client, [EnterpriseListing(client)]))
