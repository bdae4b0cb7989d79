"""Who and what sessions name is listed, but for the one person who left."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from pipelines.devin.demo_api import DemoServer, World
from pipelines.devin.demo_api.rhythm import DAY

from .conftest import ReadAll

MEMBERS = "/v3/enterprise/members"
BETA = "/v3beta1/organizations/{}/members"
PLAYBOOKS = "/v3/organizations/{}/playbooks"


@pytest.fixture(scope="module")
def running() -> Iterator[DemoServer]:
    """A server of this module's own: time passes here."""
    with DemoServer(World.build(2000, org_ids=("org-demo", "org_other"))) as server:
        yield server


def named(world: World, field: str, org_id: str | None = None) -> set[str]:
    org_ids = world.org_ids if org_id is None else (org_id,)
    items = [item for one in org_ids for item in world.items(one)]
    return {item[field] for item in items if item.get(field)}


def ids(items: list[dict[str, Any]], field: str = "user_id") -> set[str]:
    return {item[field] for item in items}


def test_whoever_sessions_name_is_a_user_or_an_idp_user_but_for_one_who_left(
    world: World, read_all: ReadAll
) -> None:
    users = ids(read_all(f"{MEMBERS}/users", first=50))
    idp_users = ids(read_all(f"{MEMBERS}/idp-users", first=50))

    (departed,) = named(world, "user_id") - users - idp_users

    assert departed in world.cast("org-demo").users


def test_some_are_users_some_idp_users_and_some_both(world: World, read_all: ReadAll) -> None:
    users = ids(read_all(f"{MEMBERS}/users"))
    idp_users = ids(read_all(f"{MEMBERS}/idp-users"))

    assert users - idp_users
    assert users & idp_users
    assert (idp_users - users) & named(world, "user_id")


@pytest.mark.parametrize("kind", ["users", "idp-users"])
def test_the_lists_of_the_organisations_make_the_list_of_the_enterprise(
    kind: str, world: World, read_all: ReadAll
) -> None:
    lists = [read_all(f"{BETA.format(org_id)}/{kind}") for org_id in world.org_ids]

    assert all(lists)
    assert read_all(f"{MEMBERS}/{kind}") == [item for some in lists for item in some]


def test_a_user_has_a_role_in_the_own_organisation(world: World, read_all: ReadAll) -> None:
    users = read_all(f"{MEMBERS}/users")
    homes = {user["user_id"]: user["role_assignments"][0]["org_id"] for user in users}

    assert all(user in world.cast(homes[user]).users for user in homes)
    assert [
        assignment["role"]
        for user in users
        for assignment in user["role_assignments"]
        if assignment["org_id"] is None
    ] == [{"role_id": "enterprise_admin", "role_name": "Admin", "role_type": "enterprise"}]


def test_names_and_addresses_are_there_or_null(read_all: ReadAll) -> None:
    users = read_all(f"{MEMBERS}/users")

    for field in ("name", "email"):
        assert {str, type(None)} == {type(user[field]) for user in users}


def test_an_idp_user_has_roles_through_a_group(read_all: ReadAll) -> None:
    users = ids(read_all(f"{MEMBERS}/users"))
    for user in read_all(f"{MEMBERS}/idp-users"):
        (through_group,) = user["idp_role_assignments"]
        assert {"idp_group_name", "org_id", "role"} == set(through_group)
        assert (user["user_id"] in users) == bool(user["role_assignments"])


@pytest.mark.parametrize("kind", ["users", "idp-users"])
def test_a_user_can_be_found_by_email(kind: str, read_all: ReadAll) -> None:
    wanted = next(user for user in read_all(f"{MEMBERS}/{kind}") if user["email"])

    assert [wanted] == read_all(f"{MEMBERS}/{kind}", email=wanted["email"])
    assert read_all(f"{MEMBERS}/{kind}", email="nobody@acme.example") == []


def test_every_service_user_that_sessions_name_is_listed(
    world: World, client: httpx.Client, read_all: ReadAll
) -> None:
    listed = ids(read_all(f"{MEMBERS}/service-users"), "service_user_id")

    assert named(world, "service_user_id") <= listed
    assert client.get("/v3/self").json()["service_user_id"] in listed


def test_a_deleted_service_user_is_listed_for_those_who_ask(read_all: ReadAll) -> None:
    active = read_all(f"{MEMBERS}/service-users")
    every = read_all(f"{MEMBERS}/service-users", include_inactive=True)

    assert [None] * len(active) == [user["deleted_at"] for user in active]
    assert [bool(user["deleted_at"]) for user in every if user not in active] == [True]


@pytest.mark.parametrize("org_id", ["org-demo", "org_other"])
def test_every_playbook_that_sessions_name_is_listed_with_a_title(
    org_id: str, world: World, read_all: ReadAll
) -> None:
    playbooks = read_all(PLAYBOOKS.format(org_id))

    assert named(world, "playbook_id", org_id) <= ids(playbooks, "playbook_id")
    assert all(playbook["title"] for playbook in playbooks)
    assert {"org", "enterprise"} == {playbook["access_type"] for playbook in playbooks}
    assert {org_id, None} == {playbook["org_id"] for playbook in playbooks}


def test_the_enterprise_lists_the_playbooks_that_belong_to_no_organisation(
    world: World, read_all: ReadAll
) -> None:
    every = [book for org_id in world.org_ids for book in read_all(PLAYBOOKS.format(org_id))]

    assert [book for book in every if book["org_id"] is None] == read_all(
        "/v3/enterprise/playbooks"
    )


def test_organisations_are_those_of_the_world_some_with_limits(
    world: World, read_all: ReadAll
) -> None:
    organizations = read_all("/v3/enterprise/organizations")
    limits = read_all("/v3/enterprise/consumption/acu-limits/devin")

    assert list(world.org_ids) == [one["org_id"] for one in organizations]
    assert {
        one["org_id"]: one["max_cycle_acu_limit"]
        for one in organizations
        if one["max_cycle_acu_limit"] is not None
    } == {one["org_id"]: one["cycle_acu_limit"] for one in limits if one["scope"] == "org"}
    assert [one["scope"] for one in limits] == ["enterprise", "org", "user"]


@pytest.mark.parametrize(
    "path",
    [
        "/v3/enterprise/organizations",
        f"{MEMBERS}/users",
        f"{MEMBERS}/idp-users",
        f"{MEMBERS}/service-users",
        PLAYBOOKS.format("org-demo"),
        "/v3/enterprise/consumption/acu-limits/devin",
    ],
)
def test_a_list_stays_as_it_is_while_time_passes(
    path: str, world: World, read_all: ReadAll
) -> None:
    before = read_all(path)
    world.advance(2 * DAY)

    assert before == read_all(path)


def test_whoever_a_test_lets_start_a_session_is_listed_too(world: World, read_all: ReadAll) -> None:
    world.add("org_other", user_id="a/b|c", playbook_id="playbook-new")
    world.add("org_other", service_user_id="service-user-new")

    assert "a/b|c" in ids(read_all(f"{MEMBERS}/users"))
    assert "service-user-new" in ids(read_all(f"{MEMBERS}/service-users"), "service_user_id")
    assert "playbook-new" in ids(read_all(PLAYBOOKS.format("org_other")), "playbook_id")


def test_a_person_of_two_organisations_is_one_user_with_two_roles(
    world: World, read_all: ReadAll
) -> None:
    shared = world.cast("org-demo").users[2]
    world.add("org_other", user_id=shared)

    (user,) = [one for one in read_all(f"{MEMBERS}/users") if one["user_id"] == shared]

    assert [role["org_id"] for role in user["role_assignments"]] == ["org-demo", "org_other"]
