"""A demo to run the documents against."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pipelines.devin.demo_api import DemoServer, Settings, World

WRITTEN_TOKEN = "cog_..."
WRITTEN_ENTERPRISE_TOKEN = "apk_user_..."
"""The tokens as the documents write them; the demo takes them for good ones."""


@pytest.fixture(scope="package")
def demo() -> Iterator[DemoServer]:
    settings = Settings(token=WRITTEN_TOKEN, enterprise_token=WRITTEN_ENTERPRISE_TOKEN)
    with DemoServer(World.build(120), settings) as server:
        yield server


@pytest.fixture
def demo_settings(demo: DemoServer, monkeypatch: pytest.MonkeyPatch) -> DemoServer:
    """The settings of this process and its children point at the demo."""
    monkeypatch.setenv("SOURCES__DEVIN__BASE_URL", demo.base_url)
    monkeypatch.setenv("SOURCES__DEVIN__API_KEY", WRITTEN_TOKEN)
    monkeypatch.setenv("SOURCES__DEVIN__ORG_IDS", "[]")
    monkeypatch.delenv("SOURCES__DEVIN__USAGE_EVERY")
    return demo
