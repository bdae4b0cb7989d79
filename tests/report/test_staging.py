"""What is worked out once is what the views say, and the report of a synced warehouse is whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import is_dataclass
from typing import Any

import dlt
import pytest

from pipelines.devin.demo_api import DemoServer, World
from pipelines.devin.models.applying import apply
from pipelines.devin.models.config import model_settings
from pipelines.devin.report import content
from pipelines.devin.report.content import Asked, read_report
from pipelines.devin.report.reading import Unavailable
from pipelines.devin.report.staging import KEPT, staged
from sources.devin import devin
from tests.report.conftest import shown
from tests.support.warehouse import Warehouse

PRICES = '{"2024-01-01": 2.0, "2026-03-01": 2.25}'


@pytest.fixture(scope="module")
def server() -> Iterator[DemoServer]:
    with DemoServer(World.build(250)) as server:
        yield server


@pytest.fixture
def pipeline(
    server: DemoServer, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> dlt.Pipeline:
    """A pipeline into each warehouse, synced, with models and prices."""
    monkeypatch.setenv("MODELS__ACU_PRICES", PRICES)
    pipeline = warehouse.pipeline()
    pipeline.run(devin(base_url=server.base_url, api_key=server.settings.token, rescan="0"))
    assert apply(pipeline).skipped == {}
    return pipeline


def test_a_synced_warehouse_has_every_part(pipeline: dlt.Pipeline) -> None:
    report = read_report(pipeline, Asked())

    parts = {**vars(report), **report.rankings}
    assert [name for name, part in parts.items() if isinstance(part, Unavailable)] == []
    assert report.headline.acus > 0
    assert "Not available" not in shown(report)


def test_every_ranking_sums_to_all_acus(pipeline: dlt.Pipeline) -> None:
    report = read_report(pipeline, Asked(begin="2024-01-01"))

    for ranking in report.rankings.values():
        assert not isinstance(ranking, Unavailable)
        assert ranking.acus == pytest.approx(report.headline.acus)


def test_what_is_worked_out_once_is_what_the_views_say(
    pipeline: dlt.Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    once = read_report(pipeline, Asked())
    monkeypatch.setattr(content, "staged", lambda *_: {})

    each = read_report(pipeline, Asked())

    assert list(leaves(once)) == [
        pytest.approx(leaf) if isinstance(leaf, float) else leaf for leaf in leaves(each)
    ]


def leaves(value: Any) -> Iterator[Any]:
    """All that is in a value, at whatever depth."""
    if is_dataclass(value):
        value = tuple(vars(value).values())
    if isinstance(value, Mapping):
        value = tuple(value.items())
    if isinstance(value, tuple):
        for part in value:
            yield from leaves(part)
    else:
        yield value


def test_all_models_are_read_from_there_on_duckdb_and_none_elsewhere(
    pipeline: dlt.Pipeline,
) -> None:
    with pipeline.sql_client() as client:
        places = staged(client, model_settings())

    if pipeline.destination.destination_name == "postgres":
        assert places == {}
    else:
        assert set(places) > KEPT
        assert len(places) == len(apply(pipeline).created)


def test_it_leaves_nothing_behind(pipeline: dlt.Pipeline, warehouse: Warehouse) -> None:
    schemas = "SELECT table_schema, COUNT(*) FROM information_schema.tables GROUP BY table_schema"
    before = sorted(warehouse.sql(schemas))

    read_report(pipeline, Asked())

    assert sorted(warehouse.sql(schemas)) == before
