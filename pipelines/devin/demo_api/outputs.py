"""Structured outputs: JSON objects whose keys nobody agreed on."""

from collections.abc import Callable
from typing import Any

from .dice import Dice

_Maker = Callable[[Dice], dict[str, Any]]


def structured_output(dice: Dice) -> dict[str, Any]:
    """An object as some playbook's author shaped it."""
    return dice.pick(_MAKERS)(dice)


def _triage(dice: Dice) -> dict[str, Any]:
    return {
        "root cause": dice.pick(("config", "race", "unknown", None)),
        "confidence": round(dice.upto(1), 3),
        "files": [{"path": f"src/m{n}.py", "lines": [n, n + 7]} for n in range(dice.between(0, 3))],
    }


def _verdict(dice: Dice) -> dict[str, Any]:
    return {"ok": dice.chance(0.8), "Größe": dice.between(1, 10**12), "备注": "完成 ✅", "": None}


def _empty(_dice: Dice) -> dict[str, Any]:
    return {}


_MAKERS: tuple[_Maker, ...] = (_triage, _verdict, _empty)
