"""The verbs of the SQL models: `devin-elt models apply`, `list` and `show`."""

import json
from typing import Annotated

import typer

from .ending import complaints, failures
from .options import Dataset, Debug, Destination, Json

app = typer.Typer(
    no_args_is_help=True,
    help="The SQL models: where the ACUs went, as views.",
    add_completion=False,
)

FAILED = 1
"""The exit code where a model could not be applied."""

Name = Annotated[str, typer.Argument(metavar="NAME", help="A model, such as acu_daily.")]
Dialect = Annotated[
    str,
    typer.Option(metavar="NAME", help="SQL dialect, such as snowflake, bigquery or postgres."),
]


@app.command(short_help="Make the views anew.")
def apply(
    destination: Destination = "duckdb",
    dataset: Dataset = "devin",
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Make a view of every model in the dataset beside the tables; a sync does so by itself."""
    with failures(complaints(debug=debug)):
        from .models.applying import apply as make
        from .showing import showing
        from .warehouse import open_pipeline
        from .words import models_in_words

        with showing(debug=debug):
            applied = make(open_pipeline(destination, dataset))
        typer.echo(json.dumps(applied.as_json()) if as_json else models_in_words(applied))
    if applied.broken or applied.skipped:
        raise typer.Exit(FAILED)


@app.command("list", short_help="Name the models and what each answers.")
def show_all(as_json: Json = False, debug: Debug = False) -> None:
    """Name the models, those first that others read, and what each answers."""
    with failures(complaints(debug=debug)):
        from .models.catalogue import catalogue
        from .words import catalogue_in_words

        models, broken = catalogue()
        if as_json:
            typer.echo(json.dumps([model.as_json() for model in models]))
        else:
            typer.echo(catalogue_in_words(models))
        for problem in broken:
            raise problem


@app.command(short_help="Show what a model answers, and its SQL.")
def show(
    name: Name,
    dialect: Dialect = "duckdb",
    dataset: Dataset = "devin",
    debug: Debug = False,
) -> None:
    """Show a model: what it answers and can't know, its columns, and its SQL in a dialect."""
    with failures(complaints(debug=debug)):
        from .models.catalogue import named
        from .models.showing import shown

        typer.echo(shown(named(name), dialect, dataset))
