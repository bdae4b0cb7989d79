"""What the documents list is what there is: options, commands, tables, columns, modules, files."""

from __future__ import annotations

import configparser
import inspect
import re
import shlex
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
import typer

from pipelines.devin import cli_verbs
from pipelines.devin.demo_api import DemoServer
from pipelines.devin.ending import REJECTED_EXIT_CODE
from pipelines.devin.models.applying import apply
from pipelines.devin.models.catalogue import catalogue
from sources.devin import devin, errors
from sources.devin.filters import Filters
from sources.devin.retry import RetryPolicy
from sources.devin.scope import MOST_REMEMBERED
from sources.devin.tables import TABLES
from sources.devin.usage_tables import USAGE_TABLES
from sources.devin.walk import Limits
from tests.docs.reading import (
    DOCUMENTS,
    ROOT,
    Block,
    blocks,
    inline_code,
    links,
    prose,
    table,
    tables,
    text_of,
)
from tests.support.warehouse import Warehouse

OPTIONS = {
    name: option
    for name, option in inspect.signature(inspect.unwrap(devin)).parameters.items()
    if name not in {"cycle", "usage"}  # no configuration could hold them
}
COLUMNS = {
    table.name: {column.name for column in table.columns} for table in (*TABLES, *USAGE_TABLES)
}
ASSIGNED = re.compile(r"SOURCES__DEVIN__(\w+)")


def verbs() -> dict[str, Any]:
    """The commands of the command line by name, such as `sync` and `models apply`."""
    found: Any = typer.main.get_command(cli_verbs.app)
    return dict(_flat(found.commands))


def _flat(commands: dict[str, Any], group: str = "") -> Iterator[tuple[str, Any]]:
    for name, command in commands.items():
        if hasattr(command, "commands"):
            yield from _flat(command.commands, f"{name} ")
        else:
            yield group + name, command


def verb_of(said: list[str]) -> str:
    """The verb that a command line begins with; empty where it is none."""
    return next((" ".join(said[:n]) for n in (2, 1) if " ".join(said[:n]) in verbs()), "")


def spoken_options(command: Any) -> set[str]:
    names = {name for parameter in command.params for name in parameter.opts}
    return {name for name in names if name.startswith("-") and name != "--help"}


def written(default: Any) -> str:
    """A default as it is written in a configuration, but for the quotes."""
    return str(default).lower() if isinstance(default, bool) else str(default)


# Options


def test_every_option_is_in_the_readme_with_its_default() -> None:
    words = {
        "api_key": "required",
        "org_ids": "the key's own",
        "requests_per_second": "any number",
        "backfill": "none",
        "allow_external_schedulers": "as dlt has it",
    }
    expected = [
        [name, words.get(name, written(option.default)), f"SOURCES__DEVIN__{name.upper()}"]
        for name, option in OPTIONS.items()
        if name not in Filters.model_fields
    ]

    listed = table("README.md", "option", "default", "environment", "what for")

    assert [row[:3] for row in listed] == expected
    assert all(row[3] for row in listed)


def test_every_filter_is_in_the_readme() -> None:
    expected = [
        [name, f"SOURCES__DEVIN__{name.upper()}"]
        for name in OPTIONS
        if name in Filters.model_fields
    ]

    listed = table("README.md", "filter", "default", "environment", "what for")

    assert [[row[0], row[2]] for row in listed] == expected


def test_every_option_is_in_the_committed_configuration() -> None:
    text = (ROOT / ".dlt" / "config.toml").read_text()

    for name, option in OPTIONS.items():
        if name == "api_key":
            continue
        shown = re.search(rf"(?m)^# {name} = (\S+)", text)
        assert shown is not None, name
        if option.default is not None:
            assert (shown[1] or "").strip('"') == written(option.default)


@pytest.mark.parametrize("block", blocks("toml"), ids=str)
def test_a_configuration_holds_options_only(block: Block) -> None:
    told = tomllib.loads(block.text)
    section = told.get("sources", {}).get("devin", {})

    assert section.keys() <= OPTIONS.keys()
    assert told.get("models", {}).keys() <= {"billing_day_offset", "acu_prices"}


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_variable_that_is_named_is_read(document: str) -> None:
    named = {match.lower() for match in ASSIGNED.findall(text_of(document))}

    assert named <= OPTIONS.keys()


# The command line


def test_every_verb_is_in_the_readme() -> None:
    listed = [row[0] for row in table("README.md", "command", "does")]

    assert sorted(listed) == sorted(f"devin-elt {name}" for name in verbs())


def test_every_option_of_a_verb_is_in_the_readme() -> None:
    in_words = {row[0]: row[1] for row in table("README.md", "command", "does")}
    documented = {
        (name, verb)
        for name, of, _ in table("README.md", "option", "of", "does")
        for verb in of.split(", ")
    } | {
        (option, verb.removeprefix("devin-elt "))
        for verb, words in in_words.items()
        for option in re.findall(r"--[\w-]+", words)
    }

    assert documented == {
        (option, verb) for verb, command in verbs().items() for option in spoken_options(command)
    }


def shown_commands() -> Iterator[tuple[str, str]]:
    """What is said to `devin-elt` anywhere, in code blocks of any language and in the text."""
    for document in DOCUMENTS:
        for line in text_of(document).splitlines():
            for said in re.findall(r"devin-elt((?: +[\w.:/*-]+)+)", line):
                if verb_of(shlex.split(said)):
                    yield document, said


@pytest.mark.parametrize(("document", "said"), sorted(set(shown_commands())))
def test_a_command_that_is_shown_exists(document: str, said: str) -> None:
    words = shlex.split(said)
    known = spoken_options(verbs()[verb_of(words)])

    assert {word for word in words if word.startswith("--")} <= known


def test_the_exit_codes_are_the_ones_of_the_errors() -> None:
    codes = {kind.exit_code for kind in vars(errors).values() if hasattr(kind, "exit_code")}

    listed = {int(row[0]) for row in table("README.md", "exit code", "means")}

    assert listed == {0, REJECTED_EXIT_CODE} | codes


@pytest.mark.parametrize("block", blocks("ini"), ids=str)
def test_a_unit_is_readable(block: Block) -> None:
    parser = configparser.ConfigParser()
    parser.read_string(block.text)

    assert parser.sections()


# Tables


def test_the_readme_lists_the_tables_and_their_keys() -> None:
    sessions, others = tables("README.md", "table", "one row per", "key")

    for listed, there in ((sessions, TABLES), (others, USAGE_TABLES)):
        assert [row[::2] for row in listed] == [[each.name, ", ".join(each.key)] for each in there]


def test_the_readme_lists_the_models() -> None:
    listed = [row[0] for row in table("README.md", "model", "one row per", "answers")]

    assert sorted(listed) == sorted(model.name for model in catalogue()[0])


def test_the_source_lists_its_resources() -> None:
    listed = tables("sources/devin/README.md", "resource", "one row per")

    assert [[row[0] for row in rows] for rows in listed] == [
        [table.name for table in there] for there in (TABLES, USAGE_TABLES)
    ]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_a_column_that_is_named_exists(document: str) -> None:
    for code in inline_code(document):
        name, _, column = code.partition(".")
        if name in COLUMNS and column:
            assert column in COLUMNS[name], code


def test_every_query_finds_something(warehouse: Warehouse, demo: DemoServer) -> None:
    pipeline = warehouse.pipeline()
    pipeline.run(devin(api_key=demo.settings.token, base_url=demo.base_url))
    apply(pipeline)

    assert len(blocks("sql")) >= 3
    for block in blocks("sql"):
        assert warehouse.sql(block.text) != [], block


# Files and modules


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_link_leads_somewhere(document: str) -> None:
    here = (ROOT / document).parent
    local = [link for link in links(document) if "://" not in link]

    assert [link for link in local if not (here / link).exists()] == []


def test_contributing_names_every_module_of_the_source() -> None:
    rows = table("CONTRIBUTING.md", "module", "owns", "knows nothing of")
    modules = {path.stem for path in (ROOT / "sources" / "devin").glob("*.py")}

    assert {name for row in rows for name in row[0].split(", ")} == modules


def test_a_module_that_knows_nothing_of_dlt_does_not_import_it() -> None:
    rows = table("CONTRIBUTING.md", "module", "owns", "knows nothing of")
    ignorant = [name for row in rows if "dlt" in row[2] for name in row[0].split(", ")]

    assert ignorant
    for name in ignorant:
        text = (ROOT / "sources" / "devin" / f"{name}.py").read_text()
        assert re.search(r"(?m)^\s*(?:import|from) dlt\b", text) is None, name


def test_contributing_names_folders_that_exist() -> None:
    rows = table("CONTRIBUTING.md", "place", "holds")

    assert [row[0] for row in rows if not (ROOT / row[0]).exists()] == []


def test_surprises_are_numbered_without_a_gap_and_explained() -> None:
    text = prose("BEHAVIOR.md")
    numbers = [int(number) for number in re.findall(r"(?m)^(\d+)\. ", text)]
    entries = re.split(r"(?m)^\d+\. ", text)[1:]

    assert numbers == list(range(1, len(numbers) + 1))
    assert [entry.splitlines()[0] for entry in entries if "*Why:*" not in entry] == []


def test_numbers_in_behavior_are_those_of_the_code() -> None:
    text = prose("BEHAVIOR.md")

    assert f"Of such rows {MOST_REMEMBERED:,} are remembered" in text
    assert f"The {MOST_REMEMBERED:,} newest first dates" in text
    assert Limits().most_walks == 4
    assert "up to four times" in text
    assert Limits().overlap == 15 * 60
    assert RetryPolicy().budget == 5 * 60
