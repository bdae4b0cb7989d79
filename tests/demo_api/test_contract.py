"""What the demo sends is what the contract of the API allows, and all of what it allows."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from pipelines.devin.demo_api import World
from pipelines.devin.demo_api.query import Query
from pipelines.devin.demo_api.vocabulary import NEWER_STATUS_DETAILS

from .conftest import Get, Read

SPEC: dict[str, Any] = json.loads((Path(__file__).parent / "spec.json").read_text("utf-8"))
FIELDS: dict[str, Any] = SPEC["$defs"]["Session"]["properties"]
NEWER_FIELDS = {"automation_id", "devin_mode"}


def words(field: str) -> set[str]:
    schema = FIELDS[field]
    return set(schema.get("enum") or schema["anyOf"][0]["enum"])


def validator(name: str) -> Draft202012Validator:
    """The contract, relaxed for the words the demo knows and the contract does not."""
    relaxed = json.loads(json.dumps(SPEC))
    details = relaxed["$defs"]["Session"]["properties"]["status_detail"]["anyOf"][0]
    details["enum"] += NEWER_STATUS_DETAILS
    return Draft202012Validator({"$ref": f"#/$defs/{name}", "$defs": relaxed["$defs"]})


@pytest.fixture(scope="module")
def items() -> list[dict[str, Any]]:
    return World.build(2000).items("org-demo")


def test_every_item_conforms(items: list[dict[str, Any]]) -> None:
    session = validator("Session")
    assert [error.message for item in items for error in session.iter_errors(item)] == []


def test_an_item_still_conforms_after_days_and_with_nothing_but_the_bare_minimum() -> None:
    world = World.build(200)
    world.add("org-demo")
    world.advance(3 * 86400)
    session = validator("Session")
    items = world.items("org-demo")
    assert [error.message for item in items for error in session.iter_errors(item)] == []


@pytest.mark.parametrize("field", ["status", "status_detail", "origin", "category"])
def test_every_word_of_the_contract_occurs(field: str, items: list[dict[str, Any]]) -> None:
    assert words(field) - {item.get(field) for item in items} == set()


def test_words_and_fields_newer_than_the_contract_occur(items: list[dict[str, Any]]) -> None:
    details = {item["status_detail"] for item in items if item.get("status_detail")}
    assert set(NEWER_STATUS_DETAILS) == details - words("status_detail")
    assert {name for item in items for name in item} - set(FIELDS) == NEWER_FIELDS


def test_every_optional_field_is_null_somewhere_and_absent_elsewhere(
    items: list[dict[str, Any]],
) -> None:
    optional = set(FIELDS) - set(SPEC["$defs"]["Session"]["required"])
    absent = {name for name in optional for item in items if name not in item}
    null = {name for item in items for name, value in item.items() if value is None}
    assert optional == absent
    assert optional - {"is_archived"} == null & optional


def test_the_demo_knows_every_parameter_of_the_contract() -> None:
    assert set(SPEC["$defs"]["Query"]["properties"]) == set(Query.model_fields)


def test_a_page_conforms(get: Get) -> None:
    assert [error.message for error in validator("Page").iter_errors(get(first=200).json())] == []


def test_a_validation_error_conforms(get: Get) -> None:
    body = get(first=0, category="magic").json()
    assert [error.message for error in validator("Invalid").iter_errors(body)] == []


ROLES = {"role_assignments": [{"org_id": str, "role": dict}]}
DIRECTORY: dict[str, dict[str, Any]] = {
    "/v3/enterprise/organizations": {
        "org_id": str,
        "name": str,
        "created_at": int,
        "updated_at": int,
        "max_cycle_acu_limit": int,
        "max_session_acu_limit": int,
    },
    "/v3/enterprise/members/users": {"user_id": str, "email": str, "name": str, **ROLES},
    "/v3/enterprise/members/idp-users": {
        "user_id": str,
        "email": str,
        "name": str,
        **ROLES,
        "idp_role_assignments": [{"idp_group_name": str, "org_id": str, "role": dict}],
    },
    "/v3/enterprise/members/service-users": {
        "service_user_id": str,
        "name": str,
        "expires_at": int,
        "deleted_at": int,
        **ROLES,
    },
    "/v3/organizations/org-demo/playbooks": {
        "playbook_id": str,
        "title": str,
        "body": str,
        "macro": str,
        "access_type": str,
        "org_id": str,
        "created_by": str,
        "updated_by": str,
        "created_at": int,
        "updated_at": int,
        "structured_output_schema": dict,
    },
    "/v3/enterprise/consumption/cycles": {"after": int, "before": int},
    "/v3/enterprise/consumption/acu-limits/devin": {
        "scope": str,
        "cycle_acu_limit": int,
        "org_id": str,
        "user_id": str,
    },
}
NULLABLE = {
    "max_cycle_acu_limit",
    "max_session_acu_limit",
    "email",
    "name",
    "expires_at",
    "deleted_at",
    "macro",
    "org_id",
    "user_id",
    "structured_output_schema",
}


def misfits(told: dict[str, Any], fields: dict[str, Any]) -> set[str]:
    """The fields that are not what they are documented to be."""
    return (told.keys() ^ fields.keys()) | {
        name for name in told.keys() & fields.keys() if not fits(name, told[name], fields[name])
    }


def fits(name: str, value: Any, kind: Any) -> bool:
    if isinstance(kind, list):
        return not any(misfits(entry, kind[0]) for entry in value)
    return isinstance(value, kind) or (value is None and name in NULLABLE)


@pytest.mark.parametrize("path", DIRECTORY)
def test_lists_of_people_and_things_have_the_documented_fields(path: str, read: Read) -> None:
    items = read(path, first=200, include_inactive=True)["items"]

    assert [set()] * len(items) == [misfits(item, DIRECTORY[path]) for item in items]
    assert items
