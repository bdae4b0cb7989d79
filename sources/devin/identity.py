"""Whom a token belongs to, and what an answer of 403 really means."""

import json
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from . import errors
from .client import Client, Reply, UndecodableBody
from .listing import Bounds, EnterpriseListing, Listing

PATH = "/v3/self"
LISTING_PERMISSION = "ViewOrgSessions"


def whoami(client: Client) -> dict[str, Any]:
    """What the API says of the token's owner.

    Returns:
        The fields of `/v3/self`: `principal_type`, `org_id`, and others.

    Raises:
        TokenRejected: The API does not accept the token (401, or 403: it answers with both).
        DevinError: Whatever else the client raises.
    """
    return introduced(client).value


def introduced(client: Client) -> Reply[dict[str, Any]]:
    """The same, and when it was asked by the API's clock.

    Raises:
        TokenRejected: As of `whoami`.
        DevinError: Whatever else the client raises.
    """
    try:
        return client.get(PATH, [], decode_object)
    except errors.PermissionMissing as error:
        raise errors.TokenRejected(f"{errors.NOT_ACCEPTED}: {error.message}") from error


def own_organization(client: Client) -> str:
    """The organisation that a token works in, for when none is configured.

    A service user's is `org_id`; a personal token may carry `devin_sessions_org_id` instead.

    Raises:
        ConfigurationError: The token belongs to no single organisation.
    """
    return organization_of(whoami(client))


def organization_of(owner: dict[str, Any]) -> str:
    """The organisation that the owner of a token works in.

    Raises:
        ConfigurationError: As of `own_organization`.
    """
    org_id = owner.get("org_id") or owner.get("devin_sessions_org_id")
    if not org_id:
        raise errors.ConfigurationError(
            "org_ids is not configured, and the token belongs to no single organisation",
            "List the organisations in org_ids under [sources.devin] in .dlt/config.toml, "
            "or in SOURCES__DEVIN__ORG_IDS.",
        )
    return str(org_id)


def explained(error: errors.DevinError, listing: Listing | EnterpriseListing) -> errors.DevinError:
    """A refusal by a listing, with its real cause.

    Returns:
        The error to raise instead; the same one where there is nothing to add.
    """
    if isinstance(listing, EnterpriseListing):
        return _of_enterprise(error, listing)
    return _of_organization(error, listing.client, listing.org_id)


def _of_enterprise(error: errors.DevinError, listing: EnterpriseListing) -> errors.DevinError:
    """v2 takes keys of one kind only, and `/v3/self` knows nothing of them."""
    if isinstance(error, errors.OrganizationUnknown):
        return errors.OrganizationUnknown(
            f"{listing.name} is unknown to {listing.client.base_url} ({error.message})",
            "Correct base_url or org_ids under [sources.devin] in .dlt/config.toml, or read v3: "
            'api_version = "v3".',
        )
    if not isinstance(error, errors.TokenRejected | errors.PermissionMissing):
        return error
    return errors.TokenRejected(
        f"v2 of the API takes the personal key of an Enterprise Admin only ({error.message})",
        "Put such a key (it begins with apk_user_) into SOURCES__DEVIN__API_KEY. With a service "
        'user key (cog_) read v3: api_version = "v3" under [sources.devin] in .dlt/config.toml.',
    )


def _of_organization(error: errors.DevinError, client: Client, org_id: str) -> errors.DevinError:
    """The API answers 403 both to a wrong token and to one that may not read the organisation.

    So whether it accepts the token at all is asked for.
    """
    if isinstance(error, errors.OrganizationUnknown):
        return errors.OrganizationUnknown(
            f"organisation {org_id} is unknown to {client.base_url} ({error.message})"
        )
    if not isinstance(error, errors.PermissionMissing):
        return error
    try:
        whoami(client)
    except errors.TokenRejected as rejected:
        return rejected
    except errors.DevinError:
        return error
    return errors.PermissionMissing(
        f"the token is valid, but may not list the sessions of organisation {org_id}: it needs "
        f"{LISTING_PERMISSION} there ({error.message})"
    )


class Access(NamedTuple):
    """Whether the sessions of one scope can be listed.

    Attributes:
        scope: The organisation; for v2 the name of the scope.
        problem: Why not; None if they can.
    """

    scope: str
    problem: errors.DevinError | None


def check_access(
    client: Client, listings: Sequence[Listing | EnterpriseListing]
) -> Iterator[Access]:
    """Ask for one page of each listing.

    Raises:
        TokenRejected: The API does not accept the token at all.
    """
    if any(isinstance(listing, Listing) for listing in listings):
        whoami(client)
    for listing in listings:
        scope = listing.org_id if isinstance(listing, Listing) else listing.name
        try:
            listing.page(Bounds(), None)
        except errors.DevinError as error:
            cause = explained(error, listing)
            if isinstance(cause, errors.TokenRejected):
                raise cause from error
            yield Access(scope, cause)
        else:
            yield Access(scope, None)


def decode_object(body: bytes) -> dict[str, Any]:
    """A body that is one JSON object.

    Raises:
        UndecodableBody: It is none.
    """
    try:
        value = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise UndecodableBody(f"not JSON: {error}") from error
    if not isinstance(value, dict):
        raise UndecodableBody("not a JSON object")
    return value
