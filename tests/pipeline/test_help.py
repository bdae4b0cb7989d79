"""Every verb explains itself."""

from __future__ import annotations

from importlib import metadata

import pytest

from tests.pipeline.conftest import Verb

OPTIONS = {
    "sync": {
        "--destination",
        "--dataset",
        "--every",
        "--strict",
        "--json",
        "--log-format",
        "--debug",
    },
    "backfill": {
        "--last",
        "--time-zone",
        "--plan",
        "--destination",
        "--dataset",
        "--strict",
        "--json",
        "--log-format",
        "--debug",
    },
    "status": {"--destination", "--dataset", "--json", "--debug"},
    "report": {
        "-o",
        "--from",
        "--to",
        "--org",
        "--text",
        "--destination",
        "--dataset",
        "--debug",
    },
    "explore": {"--port", "--headless", "--destination", "--dataset", "--debug"},
    "check": {"--destination", "--dataset", "--debug"},
    "demo": {"--folder", "--sessions", "--debug"},
    "demo-api": {"--port", "--sessions", "--seed"},
}


def test_the_verbs_are_listed_with_what_they_do(verb: Verb) -> None:
    listed = verb("--help").stdout.split("Commands:\n")[1].splitlines()

    assert [line.strip() for line in listed] == [
        "sync      Load everything that is new.",
        "backfill  Load a range of dates again.",
        "status    Show what is loaded, as of when.",
        "report    Show where the ACUs went.",
        "explore   Dig deeper, in a notebook.",
        "check     Find out what a sync would fail at.",
        "demo      Try it all with a made-up organisation.",
        "demo-api  Serve the made-up organisation.",
        "models    Where the ACUs went, as SQL views.",
    ]


@pytest.mark.parametrize("name", OPTIONS)
def test_a_verb_has_these_options_and_says_what_each_is_for(verb: Verb, name: str) -> None:
    text = verb(name, "--help").stdout.split("Options:\n")[1]

    described = {line.split()[0]: line.split() for line in text.splitlines() if "  -" in line}
    assert set(described) == OPTIONS[name] | {"--help"}
    assert all(len(words) > 3 for words in described.values())


def test_the_program_tells_its_version(verb: Verb) -> None:
    assert verb("--version").stdout == f"devin-elt {metadata.version('devin-elt')}\n"
