"""The sections about the current cycle, and how far the figures can be trusted."""

from collections.abc import Sequence
from datetime import timedelta

from . import pictures
from .content import Report
from .control import Check, Denied, Explained, Forecast, Metering
from .facts import WHOLE_WAREHOUSE
from .headline import ratio
from .markup import Html, element, folded, joined, name, table
from .sections import Section, available, figure, said
from .wording import NOTHING, amount, day, plural

_MOST = 12


def forecast_section(report: Report) -> Section:
    """Where the current cycle is heading."""

    def body(found: tuple[Forecast, ...]) -> Html:
        if not found:
            return said("No cycle is under way.")
        shown = found[:_MOST]
        return joined(
            (
                *([said(text)] if (text := _outlook(report, found)) else []),
                figure(pictures.forecasts(shown, report.named)),
                _cycles(report, found),
                *_unknown(found),
            )
        )

    return Section(
        "forecast", "The current cycle", available(report.forecasts, body), ("cycle_forecast",)
    )


def _outlook(report: Report, found: Sequence[Forecast]) -> Html:
    over = [one for one in found if one.limit and (one.expected or 0) > one.limit]
    if over:
        names = ", ".join(name(report.named(one.org_id)) for one in over)
        text = "is expected to pass its limit" if len(over) == 1 else "are expected to pass theirs"
        return Html(f'<strong class="alarm">{names}</strong> {text}.')
    burned = sum(one.acus for one in found)
    expected = sum(one.expected or one.acus for one in found)
    within = "; no limit is passed" if any(one.limit for one in found) else ""
    return Html(f"{amount(burned)} ACUs burned, {amount(expected)} expected{within}.")


def _cycles(report: Report, found: Sequence[Forecast]) -> Html:
    costs = int(any(one.expected_cost is not None for one in found))
    rows = [
        (
            name(report.named(one.org_id)),
            f"{day(one.begin)} to {day(one.end - timedelta(days=1))}",
            f"{one.elapsed:.1f} of {one.total:.0f}",
            amount(one.acus),
            amount(one.a_day),
            amount(one.expected),
            amount(one.limit) if one.limit is not None else "none known",
            amount(ratio(one.expected, one.limit), "share"),
            *([amount(one.expected_cost, "cost")] if costs else []),
        )
        for one in found
    ]
    columns = ["Organisation", "Cycle", "Days", "ACUs", "A day", "Expected", "Limit", "Of limit"]
    columns += ["Expected cost"] * costs
    numbers = "td" + "n" * (6 + costs)
    return table("The current billing cycle", columns, rows, numbers=numbers)


def _unknown(found: Sequence[Forecast]) -> list[Html]:
    if all(one.known for one in found):
        return []
    said_so = "No billing cycles are loaded, so a cycle is taken to be a calendar month."
    return [element("p", said_so, kind="note")]


def metering_section(report: Report) -> Section:
    """Whether what sessions say is what is billed."""

    def body(found: Metering) -> Html:
        parts = [said(_verdict(found))]
        if found.not_metered:
            names = ", ".join(name(report.named(org_id)) for org_id in found.not_metered)
            told = Html(f"Not metered: {names}. Sessions did work there that shows no ACUs.")
            parts.append(element("p", told, kind="note"))
        if found.days:
            parts.append(figure(pictures.metering(found.days)))
        if found.explained:
            parts.append(_explained(report, found.explained))
        return joined(parts)

    return Section(
        "metering", "Metering check", available(report.metering, body), ("metering_check",)
    )


def _verdict(found: Metering) -> str:
    if not found.explained:
        return "There is nothing to compare in the period."
    if not found.days:
        return "No consumption is loaded to compare the sessions with."
    sessions = sum(one.sessions for one in found.days)
    consumed = sum(one.consumption for one in found.days)
    share = ratio(sessions, consumed)
    told = f"Sessions show {amount(sessions)} of {amount(consumed)} ACUs that were consumed"
    return f"{told}: {amount(share, 'share')}." if share is not None else f"{told}."


def _explained(report: Report, found: Sequence[Explained]) -> Html:
    rows = [
        (
            name(report.named(one.org_id)),
            one.explanation,
            f"{one.days:,}",
            amount(one.sessions),
            amount(one.consumption),
            amount(one.gap),
        )
        for one in found
    ]
    columns = ("Organisation", "Explanation", "Days", "Sessions", "Consumption", "Gap")
    return table("Days by what explains the gap, in ACUs", columns, rows, numbers="ttnnnn")


def quality_section(report: Report) -> Section:
    """Whether the data is sound, and what is missing of it."""

    def body(found: tuple[Check, ...]) -> Html:
        bad = [check for check in found if check.found]
        parts: list[object] = []
        if bad:
            parts += [said(f"{len(bad)} of {plural(len(found), 'check')} found something.")]
            parts += [_checks("Checks that found something", bad)]
        else:
            parts += [said(f"{plural(len(found), 'check')}, and none found anything.")]
        parts.append(element("p", WHOLE_WAREHOUSE, kind="note"))
        parts.append(folded("All checks", _checks("All checks", found)))
        return joined(parts)

    shown = joined((available(report.quality, body), *_denied(report, report.denied)))
    return Section("quality", "Data quality", shown, ("data_quality",))


def _checks(caption: str, found: Sequence[Check]) -> Html:
    rows = [(check.name, check.what, f"{check.found:,}") for check in found]
    return table(caption, ("Check", "What it looks for", "Found"), rows, numbers="ttn")


def _denied(report: Report, found: Sequence[Denied]) -> list[Html]:
    if not found:
        return []
    rows = [
        (
            one.endpoint,
            name(report.named(one.org_id)) if one.org_id else "enterprise",
            one.permission or NOTHING,
        )
        for one in found
    ]
    told = "The API did not let these be read, so what depends on them is missing here."
    columns = ("Table", "Of", "Missing permission")
    return [element("p", told, kind="note"), table("Not read", columns, rows, numbers="ttt")]
