"""Roles, and who has them where."""

from typing import Any, Literal

Role = dict[str, str]


def _role(name: str, kind: Literal["enterprise", "org"]) -> Role:
    return {"role_id": f"{kind}_{name.lower()}", "role_name": name, "role_type": kind}


ADMIN = _role("Admin", "enterprise")
MEMBER = _role("Member", "org")


def assigned(role: Role, org_id: str | None) -> dict[str, Any]:
    """A role in an organisation; None for the whole enterprise."""
    return {"org_id": org_id, "role": role}
