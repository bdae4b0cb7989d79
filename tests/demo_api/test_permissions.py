"""Every endpoint of v3: who may read it, and what comes before its answer."""

from typing import Any
from urllib.parse import quote

import httpx
import pytest

from pipelines.devin.demo_api import DemoServer, Fault, World

ORG = "/v3/organizations/{org_id}"
BETA_ORG = "/v3beta1/organizations/{org_id}"
ENTERPRISE = "/v3/enterprise"
ANOTHER = "org_other"
PROBLEM = "application/problem+json"

OF_ORGANIZATION = {
    f"{ORG}/sessions": "ViewOrgSessions",
    f"{ORG}/sessions/insights": "ViewOrgSessions",
    f"{ORG}/playbooks": "ManageOrgPlaybooks",
    f"{ORG}/consumption/daily": "ViewOrgConsumption",
    f"{ORG}/consumption/daily/users/{{user}}": "ViewOrgConsumption",
    f"{ORG}/consumption/daily/service-users/{{machine}}": "ViewOrgConsumption",
    f"{ORG}/metrics/usage": "ViewOrgMetrics",
    f"{ORG}/metrics/prs": "ViewOrgMetrics",
    f"{BETA_ORG}/members/users": "ViewOrgMembership",
    f"{BETA_ORG}/members/idp-users": "ViewOrgMembership",
}
OF_ENTERPRISE = {
    f"{ENTERPRISE}/organizations": "ManageOrganizations",
    f"{ENTERPRISE}/members/users": "ViewAccountMembership",
    f"{ENTERPRISE}/members/idp-users": "ViewAccountMembership",
    f"{ENTERPRISE}/members/service-users": "ViewAccountMembership",
    f"{ENTERPRISE}/playbooks": "ManageAccountPlaybooks",
    f"{ENTERPRISE}/consumption/cycles": "ViewAccountConsumption",
    f"{ENTERPRISE}/consumption/daily": "ViewAccountConsumption",
    f"{ENTERPRISE}/consumption/daily/organizations/{{org_id}}": "ViewAccountConsumption",
    f"{ENTERPRISE}/consumption/daily/users/{{user}}": "ViewAccountConsumption",
    f"{ENTERPRISE}/consumption/daily/service-users/{{machine}}": "ViewAccountConsumption",
    f"{ENTERPRISE}/consumption/acu-limits/devin": "ViewAccountConsumption",
}
EVERY = OF_ORGANIZATION | OF_ENTERPRISE
NAMING_AN_ORGANIZATION = [path for path in EVERY if "{org_id}" in path]
PAGED = [
    path for path in EVERY if not any(word in path for word in ("/daily", "/metrics/", "/sessions"))
]


def filled(path: str, world: World, org_id: str = "org-demo") -> str:
    cast = world.cast(org_id)
    user = next(user for user in cast.users if "|" in user)
    return path.format(org_id=org_id, user=quote(user, safe=""), machine=cast.service_users[0])


def asked(client: httpx.Client, path: str, world: World, **query: Any) -> httpx.Response:
    return client.get(filled(path, world), params=query)


@pytest.mark.parametrize("path", EVERY)
def test_an_endpoint_answers_with_json(path: str, client: httpx.Client, world: World) -> None:
    answer = asked(client, path, world)

    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")


@pytest.mark.parametrize("path", EVERY)
def test_without_a_token_it_is_401_and_with_a_wrong_one_403(
    path: str, server: DemoServer, client: httpx.Client
) -> None:
    wrong = {"Authorization": "Bearer cog_wrong"}
    url = server.base_url + filled(path, server.world)

    answers = [httpx.get(url, trust_env=False), client.get(url, headers=wrong)]

    assert [answer.status_code for answer in answers] == [401, 403]
    assert [answer.headers["content-type"] for answer in answers] == [PROBLEM] * 2


@pytest.mark.parametrize(("path", "permission"), EVERY.items())
def test_a_missing_permission_is_403_and_named_with_its_place(
    path: str, permission: str, server: DemoServer, client: httpx.Client
) -> None:
    server.settings.missing_permissions = frozenset({permission})
    place = "org-demo" if path in OF_ORGANIZATION else "the enterprise"

    answer = asked(client, path, server.world)

    assert (answer.status_code, answer.headers["content-type"]) == (403, PROBLEM)
    assert f"The permission {permission} is missing in {place}." == answer.json()["detail"]


@pytest.mark.parametrize(("path", "permission"), EVERY.items())
def test_other_permissions_are_not_asked_for(
    path: str, permission: str, server: DemoServer, client: httpx.Client
) -> None:
    server.settings.missing_permissions = frozenset(EVERY.values()) - {permission}

    assert asked(client, path, server.world).status_code == 200


@pytest.mark.parametrize("path", NAMING_AN_ORGANIZATION)
def test_an_organisation_out_of_reach_is_403_and_one_that_is_not_there_404(
    path: str, server: DemoServer, client: httpx.Client
) -> None:
    server.settings.readable_orgs = frozenset({"org-demo"})
    unknown = filled(path, server.world).replace("org-demo", "org-none")

    answers = [client.get(filled(path, server.world, ANOTHER)), client.get(unknown)]

    assert [answer.status_code for answer in answers] == [403, 404]
    assert f"The permission {EVERY[path]} is missing in {ANOTHER}." == answers[0].json()["detail"]


@pytest.mark.parametrize("path", EVERY)
def test_a_request_is_recorded_limited_and_broken_like_any_other(
    path: str, server: DemoServer, client: httpx.Client
) -> None:
    known = len(server.requests)
    server.faults.push(Fault(status=503))
    statuses = []
    for server.settings.rate_limit in (None, 0.001, 0.001):
        statuses.append(asked(client, path, server.world, time_after=0).status_code)

    assert statuses == [503, 200, 429]
    assert [request.query for request in server.requests[known:]] == [[("time_after", "0")]] * 3


@pytest.mark.parametrize("path", PAGED)
def test_pages_put_together_are_the_whole_list(
    path: str, client: httpx.Client, world: World
) -> None:
    whole = asked(client, path, world, first=200).json()
    page = asked(client, path, world, first=2).json()
    found = page["items"]
    while page["has_next_page"]:
        page = asked(client, path, world, first=2, after=page["end_cursor"]).json()
        found += page["items"]

    assert whole["items"] == found
    assert (len(found), None) == (page["total"], page["end_cursor"])
    assert found


@pytest.mark.parametrize("path", PAGED)
def test_a_page_that_nobody_can_send_is_422(path: str, client: httpx.Client, world: World) -> None:
    queries: list[dict[str, Any]] = [{"first": 0}, {"first": 201}, {"after": "no cursor"}]

    answers = [asked(client, path, world, **query) for query in queries]

    assert [answer.status_code for answer in answers] == [422] * 3


def test_totals_of_any_list_can_be_left_out(server: DemoServer, client: httpx.Client) -> None:
    server.settings.totals = False

    totals = [asked(client, path, server.world).json()["total"] for path in PAGED]

    assert [None] * len(PAGED) == totals


def test_answers_take_as_long_as_pages(server: DemoServer, client: httpx.Client) -> None:
    server.settings.page_latency = 0.1

    answer = asked(client, f"{ENTERPRISE}/consumption/cycles", server.world)

    assert answer.elapsed.total_seconds() >= 0.1
