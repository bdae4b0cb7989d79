"""Pages of an endpoint to the last one, and what a refusal means."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sources.devin import endpoints, errors
from sources.devin.client import Client
from sources.devin.endpoints import Denial, Endpoint, denial
from sources.devin.retry import RetryPolicy
from tests.usage.conftest import Api

ENDPOINT = Endpoint("/v3/enterprise/things", "ViewThings", (("kind", "all"),))


@pytest.fixture
def client(api: Api) -> Client:
    return Client(api.address, "cog_x", policy=RetryPolicy(attempts=1))


def answering(api: Api, page: Callable[[dict[str, str]], Any]) -> None:
    api.answer = lambda call: (200, page(call.params))  # type: ignore[method-assign]


def read(client: Client) -> list[Any]:
    return [item for reply in ENDPOINT.items(client) for item in reply.value]


def test_all_pages_are_read_each_with_what_is_always_asked(api: Api, client: Client) -> None:
    things = [{"number": number} for number in range(450)]
    api.lists["/v3/enterprise/things"] = things

    assert read(client) == things
    assert [call.params for call in api.calls] == [
        {"first": "200", "kind": "all"},
        {"first": "200", "kind": "all", "after": "200"},
        {"first": "200", "kind": "all", "after": "400"},
    ]


def test_a_cursor_that_repeats_itself_ends_the_reading(api: Api, client: Client) -> None:
    answering(api, lambda _: {"items": [{}], "has_next_page": True, "end_cursor": "same"})

    with pytest.raises(errors.CursorBroken, match="'same' once more"):
        read(client)
    assert len(api.calls) == 2


@pytest.mark.parametrize("missing", [{}, {"end_cursor": None}, {"end_cursor": ""}])
def test_so_does_one_that_is_missing(api: Api, client: Client, missing: dict[str, Any]) -> None:
    answering(api, lambda _: {"items": [{}], "has_next_page": True, **missing})

    with pytest.raises(errors.CursorBroken, match="cursor missing"):
        read(client)
    assert len(api.calls) == 1


def test_there_is_an_end_to_pages_that_go_on_for_ever(
    api: Api, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoints, "MOST_PAGES", 3)

    def page(params: dict[str, str]) -> Any:
        cursor = params.get("after", "") + "x"
        return {"items": [], "has_next_page": True, "end_cursor": cursor}

    answering(api, page)

    with pytest.raises(errors.PagesEndless):
        read(client)
    assert len(api.calls) == 4


@pytest.mark.parametrize("body", [[], {}, {"items": None}, {"items": {}}, "text", None])
def test_a_page_without_a_list_of_items_is_unreadable(api: Api, client: Client, body: Any) -> None:
    answering(api, lambda _: body)

    with pytest.raises(errors.BodyUnreadable):
        read(client)


def test_an_entry_that_is_no_object_has_no_fields(api: Api, client: Client) -> None:
    answering(api, lambda _: {"items": [1, None, {"a": 1}]})

    assert read(client) == [{}, {}, {"a": 1}]


def test_ids_are_one_segment_of_a_path() -> None:
    endpoint = Endpoint("/v3/organizations/{org_id}/users/{who}", "View")

    found = endpoint.path_of(org_id="org/1", who="okta|Acme & Söhne|ann?x=1#y", more="")

    assert (
        found == "/v3/organizations/org%2F1/users/okta%7CAcme%20%26%20S%C3%B6hne%7Cann%3Fx%3D1%23y"
    )


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (errors.PermissionMissing("needs ManageBilling in org-a"), "ManageBilling"),
        (errors.PermissionMissing("Forbidden"), "ViewThings"),
        (errors.TokenRejected("not accepted"), None),
        (errors.OrganizationUnknown("no such organisation"), None),
    ],
)
def test_a_refusal_names_the_permission_as_the_api_does_or_as_it_is_documented(
    error: errors.DevinError, expected: str | None
) -> None:
    assert denial(error, ENDPOINT) == Denial(expected, error.message)


@pytest.mark.parametrize(
    "error",
    [
        errors.Unreachable("no answer"),
        errors.RateLimited("later", 5.0),
        errors.BodyUnreadable("HTML"),
        errors.RequestRefused("422"),
    ],
)
def test_what_asking_again_may_mend_is_no_refusal(error: errors.DevinError) -> None:
    assert denial(error, ENDPOINT) is None
