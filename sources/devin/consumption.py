"""ACUs by billing day: of the enterprise, of organisations, and of those who started sessions.

A series is asked for from a billing day to a billing day, and what came of it before is corrected:
where something was booked that no longer is, the row says 0. Whoever the reading before did not ask
about is asked about from the beginning; who never used anything has one row that says so.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from functools import partial
from typing import Any, NamedTuple

from . import errors
from .asking import Asking, Rows
from .books import Booked, Who
from .endpoints import Endpoint
from .fields import MICROSECONDS, Odd, Row, as_number, epoch, part
from .usage_tables import CONSUMPTION

DAY = 86_400
DAY_BEGINS = 8 * 3_600
"""Seconds after midnight UTC at which a billing day begins."""

LONGEST = 90 * DAY
"""Seconds that are asked for at once."""

ENTERPRISE, ORGANIZATION, USER, SERVICE_USER = (
    "enterprise",
    "organization",
    "user",
    "service_user",
)

_OF_ORGANIZATION = "/v3/organizations/{org_id}/consumption/daily"
ENDPOINTS = {
    scope: Endpoint(path, permission, is_list=False)
    for scope, path, permission in (
        (ENTERPRISE, "/v3/enterprise/consumption/daily", "ViewAccountConsumption"),
        (ORGANIZATION, _OF_ORGANIZATION, "ManageBilling"),
        (USER, _OF_ORGANIZATION + "/users/{subject_id}", "ManageBilling"),
        (SERVICE_USER, _OF_ORGANIZATION + "/service-users/{subject_id}", "ManageBilling"),
    )
}

_USUAL_PRODUCT = "devin"


class Subject(NamedTuple):
    """Whose consumption it is.

    Attributes:
        scope: Which kind of subject.
        org_id: The organisation that is asked; empty for the enterprise.
        subject_id: The enterprise, organisation, person or service user.
    """

    scope: str
    org_id: str
    subject_id: str


class Series(NamedTuple):
    """What is to be asked about somebody.

    Attributes:
        subject: Who.
        begin: From which billing day on: its first moment.
        known: Whether anything is loaded of them.
    """

    subject: Subject
    begin: int
    known: bool = True


def day_begin(moment: int) -> int:
    """The first moment of the billing day of a moment."""
    return (moment - DAY_BEGINS) // DAY * DAY + DAY_BEGINS


def billing_day(moment: int) -> date:
    """The billing day that a moment is in."""
    return datetime.fromtimestamp(moment - DAY_BEGINS, UTC).date()


def spans(begin: int, end: int) -> list[tuple[int, int]]:
    """A span in parts that may be asked for at once; each but the last ends with a day."""
    return [(at, min(at + LONGEST, end)) for at in range(begin, end, LONGEST)]


def read_enterprise(asking: Asking) -> Rows:
    """The consumption of the enterprise."""
    subject = Subject(ENTERPRISE, "", ENTERPRISE)
    first = day_begin(asking.earliest)
    begin = _begin(asking, "", first)
    booked = asking.books.booked("", billing_day(begin))
    yield from _read(asking, Series(subject, begin), booked)
    _remember(asking, "", first, [])


def read_organization(asking: Asking, org_id: str) -> Rows:
    """The consumption of an organisation, and of those who started sessions in it."""
    subject = Subject(ORGANIZATION, org_id, org_id)
    first = day_begin(asking.earliest)
    begin = _begin(asking, org_id, first)
    booked = asking.books.booked(org_id, billing_day(begin))
    yield from _read(asking, Series(subject, begin), booked)
    people = _people(asking, org_id, begin, first, booked)
    again = [each.subject for each in people if each.known and each.begin < begin]
    booked = list(dict.fromkeys(booked + _booked_of(asking, org_id, first, again)))
    answers = asking.side_by_side(partial(_answers, asking, booked=booked), people)
    read: list[Who] = []
    for series, answered in zip(people, answers, strict=True):
        if isinstance(answered, Odd):
            yield answered
        elif answered is not None:
            yield from answered
            read.append((series.subject.scope, series.subject.subject_id))
    _remember(asking, org_id, first, read)


def _begin(asking: Asking, scope: str, first: int) -> int:
    """From when on an organisation is read: all of it where nothing of its beginning is."""
    memory = asking.remembered(CONSUMPTION, scope)
    if not memory or first < memory["first_day"]:
        return first
    return max(first, day_begin(memory["as_of"] - asking.consumption_overlap))


def _remember(asking: Asking, scope: str, first: int, read: list[Who]) -> None:
    as_of = asking.now - asking.settle
    known = asking.remembered(CONSUMPTION, scope).get("first_day", first)
    people = [list(who) for who in read]
    asking.remember(CONSUMPTION, scope, first_day=min(first, known), as_of=as_of, people=people)


def _people(
    asking: Asking, org_id: str, begin: int, first: int, booked: list[Booked]
) -> list[Series]:
    """Whose consumption is to be read: who worked in the span, was billed in it, or is new."""
    known = asking.books.billed(org_id)
    active = asking.books.people(org_id)
    wanted = {(each.scope, each.subject_id) for each in booked if each.scope != ORGANIZATION}
    wanted |= {who for who, last in active.items() if last >= begin or who not in known}
    # Of whom the last reading did not ask, nobody knows when one last did.
    before = asking.remembered(CONSUMPTION, org_id).get("people", [])
    read_on = known & {(scope, subject_id) for scope, subject_id in before}
    return [
        Series(Subject(who[0], org_id, who[1]), begin if who in read_on else first, who in known)
        for who in sorted(wanted)
    ]


def _booked_of(asking: Asking, org_id: str, first: int, again: list[Subject]) -> list[Booked]:
    """What is held of those who are asked about from the beginning once more."""
    if not again:
        return []
    wanted = {(each.scope, each.subject_id) for each in again}
    ids = [each.subject_id for each in again]
    found = asking.books.booked_by(org_id, ids, billing_day(first))
    return [each for each in found if (each.scope, each.subject_id) in wanted]


def _answers(asking: Asking, series: Series, booked: list[Booked]) -> list[Row | Odd] | Odd | None:
    """The rows of a person; None of one whom the API does not know, Odd of one it refuses."""
    subject = series.subject
    try:
        return list(_read(asking, series, booked))
    except errors.OrganizationUnknown:
        return None
    except (errors.PermissionMissing, errors.RequestRefused) as error:
        return Odd(f"{subject.scope} {subject.subject_id}: {error.message}")


def _read(asking: Asking, series: Series, booked: list[Booked]) -> Rows:
    """The rows of a series, and those that take back what is no longer booked."""
    subject, endpoint = series.subject, ENDPOINTS[series.subject.scope]
    came: set[tuple[Any, ...]] = set()
    seen_at, readable = asking.now, True
    for begin, end in spans(series.begin, asking.now):
        # Whether bounds include their ends is not documented: a second more, and rows are cut.
        window = [("time_after", str(begin - 1)), ("time_before", str(end))]
        ids = {"org_id": subject.org_id, "subject_id": subject.subject_id}
        reply = endpoint.object(asking.client, window, **ids)
        seen_at = reply.began
        days = reply.value.get("consumption_by_date")
        if not isinstance(days, list):
            raise errors.BodyUnreadable(f"GET {endpoint.path_of(**ids)}: no consumption_by_date")
        for row in rows_of_days(days, subject, (begin, end), seen_at):
            if isinstance(row, Odd):
                readable = False
            else:
                came.add(row[3:5])
            yield row
    if not readable:
        return  # What could not be read may be what is booked.
    for each in booked:
        if each[:2] == (subject.scope, subject.subject_id) and each[2:4] not in came:
            starts_at = each.starts_at * MICROSECONDS
            yield *subject, each.billing_day, each.product, 0.0, starts_at, seen_at * MICROSECONDS
    if not came and not series.known:
        at = series.begin
        told = billing_day(at), _USUAL_PRODUCT, 0.0, at * MICROSECONDS, seen_at * MICROSECONDS
        yield *subject, *told


def rows_of_days(
    days: list[Any], subject: Subject, span: tuple[int, int], seen_at: int
) -> Iterator[Row | Odd]:
    """The rows that billing days make, of those that begin in a span: one a product.

    A product of which the API does not know has none.
    """
    for day in days:
        starts_at = epoch(day, "date") if isinstance(day, dict) else None
        if starts_at is None:
            yield Odd(f"a day has no date: {day!r}"[:200])
            continue
        if not span[0] <= starts_at < span[1]:
            continue
        products = part(day, "acus_by_product") or {"": day.get("acus")}
        told = starts_at * MICROSECONDS, seen_at * MICROSECONDS
        for product, value in products.items():
            acus = as_number(value)
            if acus is not None:
                name = str(product).replace("\x00", "\ufffd")
                yield *subject, billing_day(starts_at), name, acus, *told
            elif value is not None:
                yield Odd(f"the ACUs of {product!r} are no number: {value!r}"[:200])
