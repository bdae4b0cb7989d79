"""The verbs: a thin layer, each a few lines over the module that does the work.

What a verb needs is imported by the verb: dlt takes half a second, which `--help` can do without.
"""

import json
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Annotated

import typer

from .cli import run_sync
from .cli_models import app as models_app
from .ending import REJECTED_EXIT_CODE, complaints, failures
from .options import (
    AsText,
    Begin,
    Dataset,
    Debug,
    Destination,
    End,
    Every,
    From,
    Json,
    Last,
    LogFormat,
    Logging,
    Organizations,
    Output,
    PlanOnly,
    Sessions,
    Strict,
    TimeZone,
    To,
)
from .starting import importing
from .stopping import stoppable

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    add_completion=False,
    help="A warehouse copy of your Devin sessions, kept up to date.",
)

app.add_typer(models_app, name="models", short_help="Where the ACUs went, as SQL views.")


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"devin-elt {metadata.version('devin-elt')}")
        raise typer.Exit


@app.callback()
def _itself(
    version: Annotated[
        bool,
        typer.Option(
            "--version", is_eager=True, callback=_show_version, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    pass


@app.command(short_help="Load everything that is new.")
def sync(
    destination: Destination = "duckdb",
    dataset: Dataset = "devin",
    every: Every = None,
    strict: Strict = False,
    as_json: Json = False,
    log_format: Logging = LogFormat.text,
    debug: Debug = False,
) -> None:
    """Load everything that is new: one cycle, or one after another with --every."""
    run_sync(
        destination,
        dataset,
        every,
        log_format.value,
        strict=strict,
        as_json=as_json,
        debug=debug,
    )


@app.command(short_help="Load a range of dates again.")
def backfill(
    begin: Begin = None,
    end: End = None,
    last: Last = None,
    time_zone: TimeZone = "UTC",
    plan: PlanOnly = False,
    destination: Destination = "duckdb",
    dataset: Dataset = "devin",
    strict: Strict = False,
    as_json: Json = False,
    log_format: Logging = LogFormat.text,
    debug: Debug = False,
) -> None:
    """Load every session again that was created from BEGIN on and before END.

    What was interrupted goes on where it stopped: run it again, or wait for the next sync.
    """
    with importing():
        from .backfill import asked_range, planned
        from .running import running
        from .warehouse import open_pipeline
        from .words import plan_in_words

    with running(destination, dataset, log_format.value, as_json=as_json, debug=debug) as run:
        span = asked_range(begin, end, last, time_zone)
        if plan:
            found = planned(open_pipeline(destination, dataset), span)
            shown = json.dumps([scope.as_json() for scope in found])
            typer.echo(shown if as_json else plan_in_words(found))
        else:
            run.cycle(backfill=span)
    if strict and run.rejected:
        raise typer.Exit(REJECTED_EXIT_CODE)


@app.command(short_help="Show what is loaded, as of when.")
def status(
    destination: Destination = "duckdb",
    dataset: Dataset = "devin",
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Show what is loaded as of when, the last cycles, and what is pending or rejected."""
    with failures(complaints(debug=debug)):
        from .showing import showing
        from .status import read_status
        from .warehouse import open_pipeline
        from .words import status_in_words

        with showing(debug=debug):
            found, now = read_status(open_pipeline(destination, dataset)), datetime.now(UTC)
        typer.echo(json.dumps(found.as_json(now)) if as_json else status_in_words(found, now))


@app.command(short_help="Show where the ACUs went.")
def report(
    output: Output = Path("report.html"),
    begin: From = None,
    end: To = None,
    org: Organizations = None,
    as_text: AsText = False,
    destination: Destination = "duckdb",
    dataset: Dataset = "devin",
    debug: Debug = False,
) -> None:
    """Show where the ACUs went, and what they bought: as a page, or here with --text.

    Without dates, the last 90 days. A page is one file, which runs nothing and asks for nothing.
    """
    with stoppable(), failures(complaints(debug=debug)):
        from .report.content import Asked
        from .report.making import make_page, show_text
        from .showing import showing
        from .warehouse import open_pipeline

        asked = Asked(begin, end, tuple(org or ()))
        with showing(debug=debug):
            pipeline = open_pipeline(destination, dataset)
            if as_text:
                show_text(pipeline, asked)
            else:
                make_page(pipeline, asked, output)
                typer.echo(f"Written: {output}")


@app.command(short_help="Dig deeper, in a notebook.")
def explore(
    port: Annotated[
        int | None,
        typer.Option(metavar="PORT", min=1, max=65535, help="On loopback; any that is free."),
    ] = None,
    headless: Annotated[
        bool, typer.Option("--headless", help="Open no browser; the address is printed.")
    ] = False,
    destination: Destination = "duckdb",
    dataset: Dataset = "devin",
    debug: Debug = False,
) -> None:
    """Serve a notebook over the models, and open it in a browser.

    It needs the extra explore, and asks nothing of any other machine.
    """
    with stoppable(), failures(complaints(debug=debug)):
        from .explore import explore as serve
        from .warehouse import open_pipeline

        pipeline = open_pipeline(destination, dataset)
        code = serve(pipeline, destination, dataset, port=port, headless=headless)
    raise typer.Exit(code)


@app.command(short_help="Find out what a sync would fail at.")
def check(
    destination: Destination = "duckdb", dataset: Dataset = "devin", debug: Debug = False
) -> None:
    """Check configuration, token, organisations, permissions and destination.

    Nothing is loaded. Each problem comes with what to do about it.
    """
    worst = 0
    with failures(complaints(debug=debug)):
        from .check import check as look
        from .showing import showing
        from .warehouse import open_pipeline

        with showing(debug=debug) as display:
            for finding in look(open_pipeline(destination, dataset)):
                display.clear()
                typer.echo(str(finding))
                worst = max(worst, finding.problem.exit_code if finding.problem else 0)
    raise typer.Exit(worst)


@app.command(short_help="Try it all with a made-up organisation.")
def demo(
    folder: Annotated[
        Path, typer.Option(metavar="FOLDER", help="Where its warehouse goes.")
    ] = Path("devin_demo"),
    sessions: Sessions = 2000,
    debug: Debug = False,
) -> None:
    """Show the whole thing against a made-up organisation on this machine."""
    with stoppable(), failures(complaints(debug=debug)):
        from .demo import run_demo

        run_demo(folder, sessions)


@app.command("demo-api", short_help="Serve the made-up organisation.")
def demo_api(
    port: Annotated[
        int, typer.Option(metavar="PORT", min=0, max=65535, help="On loopback; 0 for any.")
    ] = 8931,
    sessions: Sessions = 2000,
    seed: Annotated[int, typer.Option(metavar="N", help="Another seed, another story.")] = 7,
) -> None:
    """Serve the made-up organisation until stopped, to point a sync at."""
    with stoppable(), failures(complaints()):
        from .demo_serving import serve

        serve(port, sessions, seed)
