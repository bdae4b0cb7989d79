"""Where sqlglot's translation of the models is wrong, or not what a view needs: one fix each.

The models hold to a subset that needs few of these; what is right as it is isn't mentioned.
"""

from collections.abc import Callable, Mapping

from sqlglot import exp

Fix = Callable[[exp.Expr], exp.Expr]


def corrected(query: exp.Query, dialect: str) -> exp.Query:
    """The query with the fixes of its dialect, which change it in place."""
    for fix in _FIXES.get(dialect, ()):
        query.transform(fix, copy=False)
    return _with_settings(query) if dialect == "clickhouse" else query


def _utc(instead: Callable[[exp.Expr], exp.Expr]) -> Fix:
    """`x AT TIME ZONE 'UTC'`, a timestamp without zone that reads as UTC, written another way."""

    def fix(node: exp.Expr) -> exp.Expr:
        return instead(node.this) if isinstance(node, exp.AtTimeZone) else node

    return fix


def _call(name: str, *arguments: exp.Expr) -> exp.Expr:
    return exp.Anonymous(this=name, expressions=list(arguments))


_MICROSECONDS = exp.DataType.build("DateTime64(6, 'UTC')", dialect="clickhouse")
_NAIVE = exp.DataType.Type.TIMESTAMPNTZ


def _clickhouse_timestamps(node: exp.Expr) -> exp.Expr:
    """DateTime is whole seconds in the server's zone; dlt's timestamps are DateTime64(6, 'UTC')."""
    timestamps = (exp.DataType.Type.TIMESTAMP, exp.DataType.Type.TIMESTAMPTZ)
    if isinstance(node, exp.DataType) and node.is_type(*timestamps):
        precise = _MICROSECONDS.copy()
        precise.set("nullable", True)
        return precise
    return node


def _clickhouse_names(node: exp.Expr) -> exp.Expr:
    """Where two tables of a join have a column, ClickHouse names it `table.column` unless told."""
    named = isinstance(node.parent, exp.Select) and node.arg_key == "expressions"
    if isinstance(node, exp.Column) and named and not node.is_star:
        return exp.alias_(node.copy(), node.this.copy())
    return node


def _iso_weeks(unit: str) -> Fix:
    """Weeks that begin on Monday, where those that sqlglot writes begin on Sunday."""

    def fix(node: exp.Expr) -> exp.Expr:
        truncation = isinstance(node, exp.TimestampTrunc | exp.DateTrunc)
        if truncation and node.text("unit").upper() == "WEEK":
            node.set("unit", exp.var(unit))
        return node

    return fix


def _bigquery_seconds(node: exp.Expr) -> exp.Expr:
    """DATE_DIFF takes no unit below a day; DATETIME_DIFF does, of what `AT TIME ZONE` gave."""
    if isinstance(node, exp.DateDiff) and node.text("unit").upper() != "DAY":
        return _call("DATETIME_DIFF", node.this, node.expression, exp.var(node.text("unit")))
    return node


def _redshift_recursion(node: exp.Expr) -> exp.Expr:
    """A CTE that reads itself has to name its columns before it says what is in them."""
    if isinstance(node, exp.CTE) and node.alias in {
        table.name for table in node.this.find_all(exp.Table)
    }:
        names = [exp.to_identifier(name, quoted=True) for name in node.this.named_selects]
        node.args["alias"].set("columns", names)
    return node


def _tsql_intervals(node: exp.Expr) -> exp.Expr:
    """There are no intervals to add, but DATEADD."""
    if isinstance(node, exp.Add | exp.Sub) and isinstance(node.expression, exp.Interval):
        interval = node.expression
        amount = int(interval.this.name) * (-1 if isinstance(node, exp.Sub) else 1)
        unit = exp.var(interval.text("unit"))
        return _call("DATEADD", unit, exp.Literal.number(amount), node.this)
    return node


def _tsql_truncation(node: exp.Expr) -> exp.Expr:
    """Sqlglot has DATETRUNC for timestamps, and not for dates."""
    if isinstance(node, exp.DateTrunc):
        return _call("DATETRUNC", exp.var(node.text("unit")), node.this)
    return node


def _tsql_booleans(node: exp.Expr) -> exp.Expr:
    """There are no booleans but BIT; sqlglot writes (1 = 1), which is no value."""
    if isinstance(node, exp.Boolean):
        return exp.cast(exp.Literal.number(int(node.this)), exp.DataType.Type.BIT)
    return node


_FIXES: Mapping[str, tuple[Fix, ...]] = {
    "clickhouse": (_clickhouse_timestamps, _clickhouse_names),
    "bigquery": (
        # sqlglot makes a TIMESTAMP of it again.
        _utc(lambda moment: _call("DATETIME", moment, exp.Literal.string("UTC"))),
        _bigquery_seconds,
        _iso_weeks("ISOWEEK"),
    ),
    # With two arguments CONVERT_TIMEZONE keeps the zone.
    "snowflake": (
        _utc(
            lambda moment: exp.cast(
                _call("CONVERT_TIMEZONE", exp.Literal.string("UTC"), moment), _NAIVE
            )
        ),
    ),
    "redshift": (_redshift_recursion,),
    # FROM_UTC_TIMESTAMP, which sqlglot writes, shows the time of the session's zone.
    "databricks": (
        _utc(
            lambda moment: _call(
                "CONVERT_TIMEZONE",
                _call("CURRENT_TIMEZONE"),
                exp.Literal.string("UTC"),
                exp.cast(moment, _NAIVE),
            )
        ),
    ),
    "tsql": (
        # It keeps the zone.
        lambda node: (
            exp.cast(node.copy(), exp.DataType.Type.DATETIME2)
            if isinstance(node, exp.AtTimeZone) and not isinstance(node.parent, exp.Cast)
            else node
        ),
        _tsql_intervals,
        _iso_weeks("ISO_WEEK"),
        _tsql_truncation,
        _tsql_booleans,
    ),
}


def _with_settings(query: exp.Query) -> exp.Query:
    """Have ClickHouse keep to the standard, within the view and whatever the session has set.

    Without them a LEFT JOIN that finds nothing gives '' and 0, as does MAX of no rows, and an alias
    hides the column of its name.
    """
    if not isinstance(query, exp.Select):
        query = exp.select("*").from_(
            exp.Subquery(this=query, alias=exp.to_identifier("rows", quoted=True))
        )
    names = ("join_use_nulls", "aggregate_functions_null_for_empty", "prefer_column_name_to_alias")
    query.set("settings", [exp.column(name).eq(1) for name in names])
    return query
