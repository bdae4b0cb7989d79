"""A marimo notebook over the models: pick a period, organisations and a dimension, or ask in SQL.

`devin-elt explore` serves it. To change it, copy it and open the copy with `marimo edit`.
"""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="Where the ACUs went")

with app.setup:
    from datetime import timedelta
    from typing import Any

    import altair as alt
    import marimo as mo

    from pipelines.devin.exploring import MOST_ROWS, QuestionRefused, Warehouse
    from pipelines.devin.report.ranking import DIMENSIONS


@app.cell
def _() -> Any:
    told = mo.cli_args()
    warehouse = Warehouse(str(told.get("destination", "duckdb")), str(told.get("dataset", "devin")))
    as_of = warehouse.as_of()
    today = warehouse.today()
    organizations = warehouse.organizations()
    return as_of, organizations, today, warehouse


@app.cell
def _(as_of: Any, organizations: Any, today: Any) -> Any:
    period = mo.ui.date_range(
        start=today - timedelta(days=900),
        stop=today,
        value=(today - timedelta(days=89), today),
        label="Billing days",
    )
    chosen = mo.ui.multiselect(options=organizations, label="Organisations (none: all)")
    dimension = mo.ui.dropdown(
        options=[one.name for one in DIMENSIONS], value="repository", label="By"
    )
    mo.vstack(
        [
            mo.md(f"# Where the ACUs went\nLoaded as of {as_of:%Y-%m-%d %H:%M} UTC."),
            mo.hstack([period, chosen, dimension], justify="start", gap=2, wrap=True),
        ]
    )
    return chosen, dimension, period


@app.cell
def _(chosen: Any, dimension: Any, period: Any, warehouse: Any) -> Any:
    asked = (dimension.value, *period.value, chosen.value)
    by_day = warehouse.by_day(*asked)
    members = warehouse.members(*asked)
    return by_day, members


@app.cell
def _(by_day: Any, dimension: Any, members: Any) -> Any:
    chart = (
        alt.Chart(alt.InlineData(values=by_day), height=280, width="container")
        .mark_bar()
        .encode(
            x=alt.X("day:T", timeUnit="utcyearmonthdate", title=None),
            y=alt.Y("acus:Q", title="ACUs a day"),
            color=alt.Color(f"{dimension.value}:N", title=None),
            tooltip=["day:N", f"{dimension.value}:N", "acus:Q"],
        )
    )
    mo.vstack([chart, mo.ui.table(members, selection=None, page_size=15)])


@app.cell
def _() -> Any:
    first = """SELECT month, repository, created, merged, acus_per_merged
FROM pull_request_outcomes
ORDER BY month DESC, created DESC"""
    question = mo.ui.code_editor(first, language="sql", min_height=90)
    ask = mo.ui.run_button(label="Ask")
    mo.vstack(
        [
            mo.md(
                "## In SQL\nIn DuckDB's dialect, whatever the destination; models and tables by "
                f"their names, as `devin-elt models list` has them. The first {MOST_ROWS:,} rows."
            ),
            question,
            ask,
        ]
    )
    return ask, question


@app.cell
def _(ask: Any, question: Any, warehouse: Any) -> Any:
    mo.stop(not ask.value)
    try:
        rows = warehouse.answer(question.value)
        shown: Any = mo.ui.table(rows, selection=None, page_size=20)
    except QuestionRefused as error:
        shown = mo.callout(mo.plain_text(str(error)), kind="danger")
    shown


if __name__ == "__main__":
    app.run()
