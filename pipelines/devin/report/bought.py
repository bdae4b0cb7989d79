"""The sections about what the ACUs bought, and what they did not."""

from collections.abc import Sequence
from typing import Any

from . import pictures
from .content import Report
from .headline import ratio
from .markup import Html, bar, folded, joined, link, name, table
from .results import WAITS, Outcome, Outcomes, Stuck, Week
from .sections import Section, available, figure, priced, said
from .spending import REASONS, Tree, Wasted
from .wording import amount, day, hours, plural


def outcomes_section(report: Report) -> Section:
    """What became of the pull requests."""

    def body(found: Outcomes) -> Html:
        if not found.months:
            return said("No pull request was first seen in the period.")
        merged, created = (
            sum(getattr(one, of) for one in found.months) for of in ("merged", "created")
        )
        rate = amount(ratio(merged, created), "share")
        told = f"{merged:,} of {plural(created, 'pull request')} are merged by now: {rate}."
        return joined(
            (
                said(told),
                figure(pictures.outcomes(found.months)),
                _outcomes("Month", found.months),
                _outcomes("Repository", found.repositories),
            )
        )

    return Section(
        "pull-requests",
        "Pull-request outcomes",
        available(report.outcomes, body),
        ("pull_request_outcomes",),
    )


def _outcomes(what: str, found: Sequence[Outcome]) -> Html:
    costs = priced(found)
    columns = [what, "Seen", "Merged", "Open", "Closed", "Merge rate", "ACUs", "ACUs per merged"]
    rows = [
        (
            name(one.name),
            f"{one.created:,}",
            f"{one.merged:,}",
            f"{one.open:,}",
            f"{one.closed:,}",
            amount(ratio(one.merged, one.created), "share"),
            amount(one.acus),
            amount(ratio(one.acus, one.merged)),
            *([amount(ratio(one.cost, one.merged), "cost")] if costs else []),
        )
        for one in found
    ]
    columns += ["Cost per merged"] * costs
    caption = f"Pull requests by {what.lower()}, as they are now"
    return table(caption, columns, rows, numbers="t" + "n" * (7 + costs))


def trees_section(report: Report) -> Section:
    """The session trees that cost most."""

    def body(found: tuple[Tree, ...]) -> Html:
        if not found:
            return said("No session that was begun in the period burned any ACUs.")
        first = found[0]
        told = f"The largest took {amount(first.acus)} ACUs"
        began = plural(first.descendants, "further session")
        told += f" with {began}." if first.descendants else " by itself."
        costs = priced(found)
        columns = ["Root session", *_where(report), "Begun", "", "ACUs", "Own", "Descendants"]
        rows = [
            (
                _session(one),
                *_where(report, one.org_id),
                day(one.created_at),
                bar(ratio(one.acus, first.acus)),
                amount(one.acus),
                amount(one.own_acus),
                f"{one.descendants:,}",
                *([amount(one.cost, "cost")] if costs else []),
            )
            for one in found
        ]
        numbers = "t" * (1 + report.several) + "db" + "n" * (3 + costs)
        caption = "Session trees begun in the period, with all that came of them"
        shown = table(caption, [*columns, *["Cost"] * costs], rows, numbers=numbers)
        return joined((said(told), shown))

    return Section(
        "trees", "Costliest session trees", available(report.trees, body), ("session_tree",)
    )


def waste_section(report: Report) -> Section:
    """What was burned for nothing."""

    def body(found: Wasted) -> Html:
        acus = sum(one.acus for one in found.reasons)
        if not acus:
            return said("No ACUs of the period went to sessions that ended with nothing.")
        sessions = sum(one.sessions for one in found.reasons)
        share = amount(ratio(acus, report.headline.acus), "share")
        told = (
            f"{amount(acus)} ACUs, {share} of all, went to {plural(sessions, 'session')} that "
            "ended with nothing to show."
        )
        costs = priced(found.reasons)
        most = found.reasons[0].acus
        reasons = [
            (
                REASONS.get(one.reason, one.reason),
                bar(ratio(one.acus, most)),
                amount(one.acus),
                amount(ratio(one.acus, report.headline.acus), "share"),
                f"{one.sessions:,}",
                *([amount(one.cost, "cost")] if costs else []),
            )
            for one in found.reasons
        ]
        columns = ["Reason", "", "ACUs", "Of all", "Sessions", *["Cost"] * costs]
        listed = [
            (
                _session(one),
                *_where(report, one.org_id),
                REASONS.get(one.reason, one.reason),
                day(one.ended_at),
                amount(one.acus),
                *([amount(one.cost, "cost")] if costs else []),
            )
            for one in found.sessions
        ]
        heads = ["Session", *_where(report), "Reason", "Ended", "ACUs", *["Cost"] * costs]
        kinds = "t" * (2 + report.several) + "d" + "n" * (1 + costs)
        return joined(
            (
                said(told),
                table("Wasted ACUs by reason", columns, reasons, numbers="tbnnn" + "n" * costs),
                table("The largest sessions of each reason", heads, listed, numbers=kinds),
            )
        )

    return Section("waste", "Waste", available(report.wasted, body), ("wasted_acus",))


def stuck_section(report: Report) -> Section:
    """Sessions that wait for somebody."""

    def body(found: Stuck) -> Html:
        if not found.waiting:
            return said("No session waits for anybody.")
        kinds = ", ".join(
            f"{number:,} for {WAITS.get(whom, whom)}" for whom, number in found.waiting.items()
        )
        number = sum(found.waiting.values())
        told = (
            f"{plural(number, 'session')} {'waits' if number == 1 else 'wait'} ({kinds}); "
            f"{amount(found.acus)} ACUs are in them."
        )
        rows = [
            (
                _session(one),
                *_where(report, one.org_id),
                WAITS.get(one.waiting_for, one.waiting_for),
                day(one.waiting_since),
                hours(one.hours),
                amount(one.acus),
            )
            for one in found.sessions
        ]
        columns = ["Session", *_where(report), "Waits for", "Since", "Waiting", "ACUs"]
        kinds = "t" * (1 + report.several) + "ddnn"
        caption = "Sessions that have waited longest, whatever the period"
        return joined((said(told), table(caption, columns, rows, numbers=kinds)))

    return Section("stuck", "Stuck sessions", available(report.stuck, body), ("stuck_sessions",))


def adoption_section(report: Report) -> Section:
    """People who use it."""

    def body(weeks: tuple[Week, ...]) -> Html:
        if not weeks:
            return said("No session was begun in the period.")
        most = max(weeks, key=lambda week: week.active_users)
        new = sum(week.first_time_users for week in weeks)
        told = (
            f"At most {plural(most.active_users, 'active user')} in a week, that of "
            f"{day(most.begin)}; {new:,} came for the first time."
        )
        twice = " Who is active in two organisations counts in each." if report.several else ""
        rows = [
            (
                day(week.begin),
                f"{week.active_users:,}",
                f"{week.first_time_users:,}",
                f"{week.sessions:,}",
                amount(ratio(week.of_people, week.active_users)),
                amount(week.service_share, "share"),
            )
            for week in weeks
        ]
        columns = [
            "Week of",
            "Active users",
            "First time",
            "Sessions",
            "Per user",
            "By service users",
        ]
        return joined(
            (
                said(told + twice),
                figure(pictures.adoption(weeks)),
                folded("All weeks", table("Use by week", columns, rows, numbers="tnnnnn")),
            )
        )

    return Section("adoption", "Adoption", available(report.adoption, body), ("adoption",))


def _session(one: Any) -> Html:
    return link(one.title or one.session_id, one.url)


def _where(report: Report, org_id: str | None = None) -> list[str]:
    """The organisation, where there is more than one; or the heading of its column."""
    if not report.several:
        return []
    return ["Organisation" if org_id is None else name(report.named(org_id))]
