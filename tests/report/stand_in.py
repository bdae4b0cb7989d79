"""A DuckDB file with tables where the models' views would be, and rows made up for a test.

So the report can be shown data that no organisation has had yet, whatever the models are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

Row = Mapping[str, Any]

AS_OF = datetime(2026, 3, 31, 12, tzinfo=UTC)

_WHO = "user_id TEXT, service_user_id TEXT"
_BURNED = "sessions BIGINT, acus DOUBLE, cost DOUBLE"
_SESSION = f"session_id TEXT, org_id TEXT, title TEXT, url TEXT, {_WHO}"
_DAY = "billing_day DATE, org_id TEXT"

MODELS = {
    "as_of": "as_of TIMESTAMPTZ",
    "acu_daily": f"{_DAY}, {_WHO}, {_BURNED}",
    "acu_by_user": f"{_DAY}, {_WHO}, name TEXT, email TEXT, {_BURNED}",
    "acu_by_repository": f"{_DAY}, repository TEXT, {_BURNED}",
    "acu_by_playbook": f"{_DAY}, playbook_id TEXT, title TEXT, {_BURNED}",
    "acu_by_tag": f"{_DAY}, tag TEXT, {_BURNED}",
    "acu_by_category": f"{_DAY}, category TEXT, subcategory TEXT, {_BURNED}",
    "acu_by_origin": f"{_DAY}, origin TEXT, {_BURNED}",
    "session_days": f"session_id TEXT, {_DAY}, {_WHO}, playbook_id TEXT, category TEXT, "
    "subcategory TEXT, origin TEXT, acus DOUBLE, cost DOUBLE",
    "session_tree": "session_id TEXT, org_id TEXT, title TEXT, parent_session_id TEXT, "
    "root_session_id TEXT, depth BIGINT, is_orphan BOOLEAN, in_cycle BOOLEAN, descendants BIGINT, "
    "own_acus DOUBLE, own_cost DOUBLE, tree_acus DOUBLE, tree_cost DOUBLE",
    "pull_requests": "pr_url TEXT, host TEXT, repository TEXT, number TEXT, org_id TEXT, "
    "pr_state TEXT, first_seen_at TIMESTAMPTZ, merged_seen_at TIMESTAMPTZ, "
    f"closed_seen_at TIMESTAMPTZ, {_BURNED}",
    "pull_request_outcomes": "month DATE, org_id TEXT, repository TEXT, created BIGINT, "
    "merged BIGINT, closed BIGINT, open BIGINT, merge_rate DOUBLE, acus DOUBLE, cost DOUBLE, "
    "acus_per_merged DOUBLE, cost_per_merged DOUBLE",
    "wasted_acus": f"{_SESSION}, status TEXT, status_detail TEXT, ended_at TIMESTAMPTZ, "
    "reason TEXT, acus DOUBLE, cost DOUBLE",
    "stuck_sessions": f"{_SESSION}, waiting_for TEXT, waiting_since TIMESTAMPTZ, "
    "waiting_hours DOUBLE, acus DOUBLE, cost DOUBLE",
    "adoption": "week DATE, org_id TEXT, sessions BIGINT, active_users BIGINT, "
    "sessions_per_user DOUBLE, first_time_users BIGINT, service_users BIGINT, "
    "service_user_share DOUBLE",
    "cycle_forecast": "org_id TEXT, cycle_start DATE, cycle_end DATE, "
    "cycle_known BOOLEAN, days_elapsed DOUBLE, days_total DOUBLE, acus DOUBLE, cost DOUBLE, "
    "acus_per_day DOUBLE, expected_acus DOUBLE, expected_cost DOUBLE, cycle_acu_limit DOUBLE, "
    "share_of_limit DOUBLE",
    "metering_check": "org_id TEXT, billing_day DATE, session_acus DOUBLE, session_cost DOUBLE, "
    "consumption_acus DOUBLE, consumption_cost DOUBLE, gap DOUBLE, explanation TEXT",
    "data_quality": "check_name TEXT, what TEXT, rows_found BIGINT",
}
TABLES = {
    "sessions": "session_id TEXT, org_id TEXT, user_id TEXT, url TEXT, created_at TIMESTAMPTZ",
    "organizations": "org_id TEXT, name TEXT",
    "endpoint_reads": "endpoint TEXT, org_id TEXT, outcome TEXT, permission TEXT, "
    "read_at TIMESTAMPTZ",
}


def stand_in(path: Path, rows: Mapping[str, Sequence[Row]], *, without: Sequence[str] = ()) -> None:
    """Write a warehouse.

    Args:
        path: The file.
        rows: Rows by model or table; columns that are not named are null.
        without: Models and tables that are not there.
    """
    path.unlink(missing_ok=True)
    rows = {"as_of": [{"as_of": AS_OF}], **rows}
    with duckdb.connect(str(path)) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for dataset, relations in (("devin", TABLES), ("devin_analytics", MODELS)):
            connection.execute(f"CREATE SCHEMA {dataset}")
            for name, columns in relations.items():
                if name in without:
                    continue
                connection.execute(f"CREATE TABLE {dataset}.{name} ({columns})")
                for row in rows.get(name, ()):
                    marks = ", ".join("?" * len(row))
                    connection.execute(
                        f"INSERT INTO {dataset}.{name} ({', '.join(row)}) VALUES ({marks})",
                        list(row.values()),
                    )
