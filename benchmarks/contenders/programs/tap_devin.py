"""A Singer tap of the sessions on singer-sdk, as its guide to REST streams shows it."""

from collections.abc import Iterable
from typing import Any

from singer_sdk import RESTStream, Stream, Tap
from singer_sdk import typing as th
from singer_sdk.authenticators import BearerTokenAuthenticator


class SessionsStream(RESTStream[str]):
    """The v3 listing of an organisation."""

    name = "sessions"
    path = "/sessions"
    primary_keys = ("session_id",)
    replication_key = "updated_at"
    records_jsonpath = "$.items[*]"
    next_page_token_jsonpath = "$.end_cursor"  # noqa: S105 - a path
    schema = th.PropertiesList(
        th.Property("session_id", th.StringType, required=True),
        th.Property("org_id", th.StringType),
        th.Property("url", th.StringType),
        th.Property("title", th.StringType),
        th.Property("status", th.StringType),
        th.Property("status_detail", th.StringType),
        th.Property("origin", th.StringType),
        th.Property("category", th.StringType),
        th.Property("subcategory", th.StringType),
        th.Property("is_archived", th.BooleanType),
        th.Property("created_at", th.IntegerType),
        th.Property("updated_at", th.IntegerType),
        th.Property("acus_consumed", th.NumberType),
        th.Property("user_id", th.StringType),
        th.Property("service_user_id", th.StringType),
        th.Property("playbook_id", th.StringType),
        th.Property("automation_id", th.StringType),
        th.Property("devin_mode", th.StringType),
        th.Property("parent_session_id", th.StringType),
        th.Property("child_session_ids", th.ArrayType(th.StringType)),
        th.Property("tags", th.ArrayType(th.StringType)),
        th.Property(
            "pull_requests",
            th.ArrayType(
                th.ObjectType(
                    th.Property("pr_url", th.StringType), th.Property("pr_state", th.StringType)
                )
            ),
        ),
        th.Property("structured_output", th.ObjectType(additional_properties=True)),
    ).to_dict()

    @property
    def url_base(self) -> str:
        """The organisation."""
        return f"{self.config['base_url']}/v3/organizations/{self.config['org_id']}"

    @property
    def authenticator(self) -> BearerTokenAuthenticator:
        """The token."""
        return BearerTokenAuthenticator(token=self.config["api_key"])

    def get_url_params(self, context: Any, next_page_token: str | None) -> dict[str, Any]:
        """What is asked for: what changed since the last run, a page at a time."""
        params: dict[str, Any] = {"first": 200}
        if next_page_token:
            params["after"] = next_page_token
        since = self.get_starting_replication_key_value(context)
        if since is not None:
            params["updated_after"] = since
        return params


class TapDevin(Tap):
    """The tap."""

    name = "tap-devin"
    config_jsonschema = th.PropertiesList(
        th.Property("base_url", th.StringType, required=True),
        th.Property("org_id", th.StringType, required=True),
        th.Property("api_key", th.StringType, required=True, secret=True),
    ).to_dict()

    def discover_streams(self) -> Iterable[Stream]:
        """All streams there are."""
        return [SessionsStream(self)]


if __name__ == "__main__":
    TapDevin.cli()
