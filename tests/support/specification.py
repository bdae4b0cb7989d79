"""Items made from the vendor's specification, by a generator that knows nothing but it."""

import json
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

SPEC: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "demo_api" / "spec.json").read_text("utf-8")
)
SPEC_SESSION = {"$ref": "#/$defs/Session", "$defs": SPEC["$defs"]}
# Later versions of the specification know two more.
KNOWN = {*SPEC["$defs"]["Session"]["properties"], "automation_id", "devin_mode"}
KNOWN |= {"pr_url", "pr_state"}

EXAMPLE = {
    "acus_consumed": 123,
    "created_at": 123,
    "org_id": "<string>",
    "pull_requests": [{"pr_state": "<string>", "pr_url": "<string>"}],
    "session_id": "<string>",
    "status": "new",
    "tags": ["<string>"],
    "updated_at": 123,
    "url": "<string>",
    "category": "bug_fixing",
    "child_session_ids": ["<string>"],
    "is_archived": False,
    "origin": "webapp",
    "parent_session_id": "<string>",
    "playbook_id": "<string>",
    "service_user_id": "<string>",
    "status_detail": "working",
    "structured_output": {},
    "subcategory": "<string>",
    "title": "<string>",
    "user_id": "<string>",
}
"""The example of the vendor's page on the listing."""

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner, max_size=2),
    max_leaves=4,
)
SIMPLE: dict[str, st.SearchStrategy[Any]] = {
    "string": st.text(),
    "integer": st.integers(),
    "number": st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.just(10**400),
    "boolean": st.booleans(),
    "null": st.none(),
}


def from_spec(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Whatever a schema allows, as far as the specification makes use of JSON Schema."""
    match schema:
        case {"$ref": ref}:
            found = from_spec(SPEC["$defs"][ref.rpartition("/")[2]])
        case {"anyOf": choices}:
            found = st.one_of([from_spec(choice) for choice in choices])
        case {"enum": words}:
            found = st.sampled_from(words)
        case {"type": list(names)}:
            found = st.one_of([SIMPLE[name] for name in names])
        case {"type": "array"}:
            found = st.lists(from_spec(schema["items"]), max_size=3)
        case {"type": "object"}:
            fields = {name: from_spec(of) for name, of in schema.get("properties", {}).items()}
            required = {name: fields.pop(name) for name in schema.get("required", [])}
            documented = st.fixed_dictionaries(required, optional=fields)
            unknown = st.text().filter(lambda name: name not in KNOWN)
            more = st.dictionaries(unknown, JSON, max_size=2)
            found = st.builds(lambda more, item: more | item, more, documented)
        case _:
            found = SIMPLE[schema["type"]]
    return found


ITEMS = from_spec(SPEC_SESSION)
"""Items of the listing, as wild as the specification lets them be."""
