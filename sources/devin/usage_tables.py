"""The rest of the warehouse contract: people, playbooks, consumption, metrics, insights.

A key column that has nothing to say holds `''`, which stands for none.
"""

from .tables import EXTRACTED_AT, Column, Table, required

_EXTRACTED_AT = required("extracted_at", "timestamp", EXTRACTED_AT)
_MONTH = (
    required("org_id", "text", "Organisation that is counted."),
    required("period_start", "timestamp", "First moment of the calendar month, in UTC."),
    required("period_end", "timestamp", "First moment after it."),
)

ORGANIZATIONS = Table(
    "organizations",
    "One row per organisation of the enterprise.",
    ("org_id",),
    (
        required("org_id", "text", "The organisation."),
        Column("name", "text", "Its name."),
        Column("created_at", "timestamp", "When it was created."),
        Column("updated_at", "timestamp", "When it last changed."),
        Column("max_cycle_acu_limit", "double", "ACUs it may use a billing cycle; null: no limit."),
        Column("max_session_acu_limit", "double", "ACUs a session may use; null: no limit."),
        _EXTRACTED_AT,
    ),
    newest_by="extracted_at",
)

USERS = Table(
    "users",
    "One row per person; who has left stays.",
    ("user_id",),
    (
        required("user_id", "text", "The person. May hold reserved characters, such as |."),
        Column("email", "text", "E-mail address."),
        Column("name", "text", "Name."),
        required(
            "from_identity_provider",
            "bool",
            "Whether the person is known through groups of the identity provider only.",
        ),
        Column("role_assignments", "json", "Roles, and the organisations they hold in."),
        _EXTRACTED_AT,
    ),
    newest_by="extracted_at",
)

SERVICE_USERS = Table(
    "service_users",
    "One row per service user; one that is gone stays.",
    ("service_user_id",),
    (
        required("service_user_id", "text", "The service user."),
        Column("name", "text", "Its name."),
        Column("expires_at", "timestamp", "When it expires; null: never."),
        Column("deleted_at", "timestamp", "When it was deleted."),
        Column("role_assignments", "json", "Roles, and the organisations they hold in."),
        _EXTRACTED_AT,
    ),
    newest_by="extracted_at",
)

PLAYBOOKS = Table(
    "playbooks",
    "One row per playbook, without its text.",
    ("playbook_id",),
    (
        required("playbook_id", "text", "The playbook."),
        Column("org_id", "text", "Organisation it belongs to; null: the enterprise."),
        Column("title", "text", "Title."),
        Column("macro", "text", "Word that calls it in a prompt."),
        Column("access_type", "text", "org or enterprise: who may use it."),
        Column("created_by", "text", "Who wrote it."),
        Column("updated_by", "text", "Who last changed it."),
        Column("created_at", "timestamp", "When it was written."),
        Column("updated_at", "timestamp", "When it last changed."),
        _EXTRACTED_AT,
    ),
    newest_by="extracted_at",
)

CONSUMPTION = Table(
    "consumption_daily",
    "One row per billing day, product and who used it: ACUs as they are billed. The enterprise "
    "contains its organisations, they contain their people: sum one scope only.",
    ("scope", "org_id", "subject_id", "billing_day", "product"),
    (
        required("scope", "text", "enterprise, organization, user or service_user."),
        required("org_id", "text", "Organisation that was asked; '' for the enterprise."),
        required("subject_id", "text", "Who used them: id of organisation or user, or enterprise."),
        required("billing_day", "date", "Billing day; it begins at 08:00 UTC."),
        required("product", "text", "devin, cascade, terminal, review, or newer."),
        required("acus", "double", "ACUs used."),
        required("starts_at", "timestamp", "When the day begins, as the API gave it."),
        _EXTRACTED_AT,
    ),
    newest_by="extracted_at",
)

BILLING_CYCLES = Table(
    "billing_cycles",
    "One row per billing cycle of the enterprise.",
    ("starts_at",),
    (
        required("starts_at", "timestamp", "Its first moment."),
        required("ends_at", "timestamp", "The first moment after it."),
        _EXTRACTED_AT,
    ),
    newest_by="extracted_at",
)

ACU_LIMITS = Table(
    "acu_limits",
    "One row per limit of ACUs that is set now, of those that are set explicitly.",
    ("scope", "org_id", "user_id"),
    (
        required("scope", "text", "enterprise, org or user: what is limited."),
        required("org_id", "text", "The organisation; '' for none."),
        required("user_id", "text", "The person; '' for none."),
        Column("cycle_acu_limit", "double", "ACUs a billing cycle; 0 allows none."),
        _EXTRACTED_AT,
    ),
    newest_by="extracted_at",
    whole=True,
)

INSIGHTS = Table(
    "session_insights",
    "One row per session: how large it was, and what the API's analysis says, if it was made.",
    ("session_id",),
    (
        required("session_id", "text", "Session, without the devin- that some endpoints put."),
        required("org_id", "text", "Organisation the session belongs to."),
        required("updated_at", "timestamp", "When the session last changed."),
        Column("num_user_messages", "bigint", "Messages of people."),
        Column("num_devin_messages", "bigint", "Messages of Devin."),
        Column("session_size", "text", "xs, s, m, l or xl, by ACUs and messages."),
        Column("category", "text", "What the analysis classified it as."),
        Column("category_confidence", "double", "How sure that is."),
        Column("analysis", "json", "The whole analysis, which may quote prompts; null: none."),
        _EXTRACTED_AT,
    ),
    newest_by="extracted_at",
    references={"sessions": {"session_id": "session_id"}},
)

METRICS_USAGE = Table(
    "metrics_usage",
    "One row per organisation and calendar month: what the API counts.",
    ("org_id", "period_start"),
    (
        *_MONTH,
        Column("sessions_count", "bigint", "Sessions."),
        Column("searches_count", "bigint", "Searches."),
        Column("prs_created_count", "bigint", "Pull requests that were created."),
        Column("prs_merged_count", "bigint", "Of them, merged."),
        _EXTRACTED_AT,
    ),
    newest_by="extracted_at",
)

METRICS_PULL_REQUESTS = Table(
    "metrics_pull_requests",
    "One row per organisation and calendar month: pull requests as the API counts them.",
    ("org_id", "period_start"),
    (
        *_MONTH,
        Column("prs_created_count", "bigint", "Created by Devin."),
        Column("prs_opened_count", "bigint", "Of them, still open."),
        Column("prs_closed_count", "bigint", "Of them, closed without a merge."),
        Column("prs_merged_count", "bigint", "Of them, merged."),
        Column("prs_taken_over_count", "bigint", "Of others, that Devin pushed to."),
        Column("prs_taken_over_opened_count", "bigint", "Of these, still open."),
        Column("prs_taken_over_closed_count", "bigint", "Of these, closed without a merge."),
        Column("prs_taken_over_merged_count", "bigint", "Of these, merged."),
        _EXTRACTED_AT,
    ),
    newest_by="extracted_at",
)

ENDPOINT_READS = Table(
    "endpoint_reads",
    "One row per table and organisation: whether the API let it be read, when last asked.",
    ("endpoint", "org_id"),
    (
        required("endpoint", "text", "The table that is filled from it."),
        required("org_id", "text", "Organisation that was asked; '' for the enterprise."),
        required("outcome", "text", "loaded or denied."),
        Column("permission", "text", "The permission that is missing."),
        Column("message", "text", "What the API said."),
        required("rows", "bigint", "Rows that came."),
        required("read_at", "timestamp", "When it was asked, by the API's clock."),
    ),
    newest_by="read_at",
)

USAGE_TABLES = (
    ORGANIZATIONS,
    USERS,
    SERVICE_USERS,
    PLAYBOOKS,
    CONSUMPTION,
    BILLING_CYCLES,
    ACU_LIMITS,
    METRICS_USAGE,
    METRICS_PULL_REQUESTS,
    INSIGHTS,
    ENDPOINT_READS,
)
"""All of them."""
