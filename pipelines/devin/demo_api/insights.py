"""What the service thinks of a session: how large it is and, where somebody asked, why."""

from typing import Any

import orjson

from .dice import Dice
from .rows import Row

_SIZES = ((1.0, "xs"), (3.0, "s"), (8.0, "m"), (20.0, "l"))
_MESSAGES_PER_ACU = 3.0
_ACUS_PER_MESSAGE = 0.1
_ANALYSED_ODDS = 0.1
_ENDED = frozenset({"exit", "error", "suspended"})
_LANGUAGES = ("Python", "TypeScript", "Go", "SQL", "Kotlin")
_TOOLS = ("pytest", "Terraform", "React", "dbt")
_ACTIONS = ("machine_setup", "repo_config", "knowledge", "prompt_improvement", "other", None)


def insight(row: Row) -> bytes:
    """A session with its insights, as JSON."""
    dice = Dice("insight", row.id)
    acus = _acus(row)
    users, devins = dice.between(1, 4), dice.between(1, 6) + int(acus * _MESSAGES_PER_ACU)
    analysed = dice.chance(_ANALYSED_ODDS) and row.item["status"] in _ENDED
    shown = {
        "num_user_messages": users,
        "num_devin_messages": devins,
        "session_size": _size(acus + (users + devins) * _ACUS_PER_MESSAGE),
        "analysis": _analysis(row, dice) if analysed else None,
    }
    return orjson.dumps(row.item | shown)


def _acus(row: Row) -> float:
    acus = row.item["acus_consumed"]
    return float(acus) if isinstance(acus, int | float) else 0.0


def _size(weight: float) -> str:
    return next((size for limit, size in _SIZES if weight < limit), "xl")


def _analysis(row: Row, dice: Dice) -> dict[str, Any]:
    prompt = str(row.item.get("title") or "Do the thing")
    issue = {
        "id": "issue-1",
        "label": "Missing secret",
        "issue": "The tests need a key that the machine does not have.",
        "impact": dice.pick(("low", "medium", "high")),
    }
    return {
        "action_items": [
            {"action_item": "Say which tests matter.", "issue_id": "issue-1", "type": kind}
            for kind in (dice.pick(_ACTIONS),)
        ],
        "classification": {
            "category": row.item.get("category") or "unclear: 何か",
            "confidence": round(0.4 + dice.upto(0.6), 2),
            "programming_languages": [dice.pick(_LANGUAGES)],
            "tools_and_frameworks": [dice.pick(_TOOLS)] if dice.chance(0.5) else None,
        },
        "issues": [issue] if dice.chance(0.6) else [],
        "note_usage": None,
        "suggested_prompt": {
            "original_prompt": prompt,
            "suggested_prompt": f"{prompt}. Run the tests before you push.",
            "feedback_items": None,
        },
        "timeline": [
            {"title": "Start", "description": "Read the code.", "color": "green", "issue_id": None},
            {"title": "Stop", "description": "Waited.", "color": None, "issue_id": "issue-1"},
        ],
    }
