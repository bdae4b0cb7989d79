"""The page shows what was found, and needs nothing from elsewhere."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

from benchmarks.findings import read

page = importlib.import_module("benchmarks.page")


def written(folder: Path, case: str, entrants: list[dict[str, Any]], latency: float = 0) -> None:
    laps = [
        {"entrant": one["name"], "round": number, "wall": number, "fault": None}
        | dict.fromkeys(("processor", "peak", "server_processor"), 2.0)
        for number in (1, 2, 4)
        for one in entrants
    ]
    bar = {"says": "time: a / b", "bound": 3, "reach": 4, "at_least": True, "met": False}
    content = {
        "case": case,
        "title": f"About {case}",
        "date": "2026-01-01",
        "latency": latency,
        "rounds": 3,
        "machine": {"system": "Linux", "architecture": "x", "cores": 2, "memory_gib": 4.0},
        "versions": {one["contender"]: {"python": "3.11"} for one in entrants},
        "entrants": entrants,
        "bars": [bar | {"found": [1, 2, 4], "median": 2}],
        "laps": laps,
    }
    (folder / f"{case}.json").write_text(json.dumps(content))


def entrant(name: str, walkers: int | None = None) -> dict[str, Any]:
    return {
        "name": name,
        "contender": "devin-elt",
        "sessions": 1000,
        "task": "first load",
        "walkers": walkers,
    }


def test_a_page_is_made_of_all_results(tmp_path: Path) -> None:
    written(tmp_path, "changed-1m", [entrant("devin-elt"), entrant("<other>")])
    written(tmp_path, "first-load-1m", [entrant("devin-elt")])
    written(tmp_path, "latency-50", [entrant("1 walker", 1), entrant("2 walkers", 2)], 0.05)

    html = page.page(read(tmp_path), "A *note*.")

    assert html.index("About first-load-1m") < html.index("About changed-1m")
    assert html.count("<svg") == 3
    assert "<em>note</em>" in html
    assert "&lt;other&gt;" in html
    assert "<other>" not in html
    assert html.count('class="missed"') == 3
    for outside in ("src=", "<link", "@import", "<script"):
        assert outside not in html


def test_a_page_can_be_made_before_anything_was_measured(tmp_path: Path) -> None:
    assert "Nothing was measured yet" in page.page(read(tmp_path), "")
