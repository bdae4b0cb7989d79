"""The word lists of the API, as its contract has them, and how common each word is here."""

from .dice import Weighted

STATUSES = ("new", "claimed", "running", "exit", "error", "suspended", "resuming")

STATUS_DETAILS = (
    "working",
    "waiting_for_user",
    "waiting_for_approval",
    "finished",
    "inactivity",
    "user_request",
    "usage_limit_exceeded",
    "out_of_credits",
    "out_of_quota",
    "no_quota_allocation",
    "payment_declined",
    "org_usage_limit_exceeded",
    "total_session_limit_exceeded",
    "error",
)

# Words that came after the contract was written: clients meet them before they hear of them.
NEWER_STATUS_DETAILS = ("contract_expired", "user_usage_limit_exceeded")
DEVIN_MODES = ("normal", "fast", "lite", "ultra", "swe-2-high")

ORIGIN_WEIGHTS = Weighted(
    {
        "webapp": 34.0,
        "slack": 22.0,
        "teams": 5.0,
        "api": 12.0,
        "linear": 6.0,
        "jira": 6.0,
        "automation": 6.0,
        "cli": 3.0,
        "desktop": 2.0,
        "code_scan": 2.0,
        "other": 2.0,
    }
)

CATEGORY_WEIGHTS = Weighted(
    {
        "bug_fixing": 22.0,
        "ci_cd_and_devops": 7.0,
        "code_quality_and_security": 4.0,
        "code_review": 4.0,
        "code_review_and_analysis": 3.0,
        "data_and_automation": 5.0,
        "documentation_and_content": 6.0,
        "feature_development": 24.0,
        "migrations_and_upgrades": 8.0,
        "other": 4.0,
        "refactoring_and_optimization": 7.0,
        "research_and_exploration": 5.0,
        "security": 3.0,
        "unit_test_generation": 6.0,
    }
)

ORIGINS = ORIGIN_WEIGHTS.choices
CATEGORIES = CATEGORY_WEIGHTS.choices

SUBCATEGORIES = {
    "bug_fixing": ("Regression", "Flaky behaviour", "Other"),
    "feature_development": ("Frontend", "Backend endpoint", "Other"),
    "security": ("Dependency audit",),
}
OTHER_SUBCATEGORY = "Other"
