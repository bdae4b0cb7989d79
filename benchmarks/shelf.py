"""Pages of a stock: which sessions a query asks for, and their bytes put together."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from random import Random
from typing import Any
from urllib.parse import parse_qs

import orjson

from pipelines.devin.demo_api import cursors

from .stock import Stock

_DEFAULT_PAGE = 100
_LARGEST_PAGE = 200
_OFTEN = 0.3  # of the changed sessions have other tags, or another pull request


class Shelf:
    """A stock, and what has changed of it since.

    Of the parameters of v3 it knows `first`, `after`, `created_after`, `created_before`,
    `updated_after` (the bounds belong to what they let through) and `session_ids`.

    Args:
        stock: The sessions.
    """

    def __init__(self, stock: Stock) -> None:
        self._stock = stock
        self._changed: dict[int, bytes] = {}
        self._by_update: list[int] = []
        self._since: dict[int, Sequence[int]] = {}
        self._sort()

    def page(self, query: str) -> bytes:
        """A page as JSON: `items`, `end_cursor`, `has_next_page` and `total`.

        Raises:
            ValueError: A parameter is not what it should be.
        """
        asked = parse_qs(query)
        size = _DEFAULT_PAGE if "first" not in asked else int(asked["first"][-1])
        if not 1 <= size <= _LARGEST_PAGE:
            raise ValueError(f"first is {size}, and a page has 1 to {_LARGEST_PAGE} sessions")
        places, begin, end = self._matching(asked)
        start = max(begin, self._after(places, asked["after"][0])) if "after" in asked else begin
        chosen = places[start : min(start + size, end)]
        cursor = self._cursor(chosen[-1]) if start + size < end else None
        rest = {"end_cursor": cursor, "has_next_page": cursor is not None, "total": end - begin}
        return b'{"items":[' + self._items(chosen) + b"]," + orjson.dumps(rest)[1:]

    def change(self, share: float, now: int) -> int:
        """Let something happen to a share of the sessions, spread over all; how many they are."""
        dice = Random(now)  # noqa: S311 - made-up data
        sessions = len(self._stock.ends)
        chosen = dice.sample(range(sessions), round(share * sessions))
        for place in chosen:
            item = _changed(orjson.loads(self._item(place)), now, dice)
            self._changed[place] = orjson.dumps(item)
            self._stock.updated[place] = now
        self._sort()
        return len(chosen)

    def _sort(self) -> None:
        places = self._by_update or range(len(self._stock.ends))
        self._by_update = sorted(places, key=self._stock.updated.__getitem__)
        self._since.clear()

    def _matching(self, asked: dict[str, list[str]]) -> tuple[Sequence[int], int, int]:
        """Places, and from where to where among them those are that match."""
        if "session_ids" in asked:
            chosen = sorted(set(self._named(asked["session_ids"])))
            return chosen, 0, len(chosen)
        places = self._updated_since(_number(asked, "updated_after"))
        before, after = _number(asked, "created_before"), _number(asked, "created_after")
        begin = 0 if before is None else bisect_left(places, -before, key=self._age)
        end = len(places) if after is None else bisect_right(places, -after, key=self._age)
        return places, begin, max(begin, end)

    def _named(self, session_ids: list[str]) -> list[int]:
        by_id, found = self._stock.by_id, []
        for session_id in session_ids:
            name = session_id.removeprefix("devin-")
            number = bisect_left(by_id, name, key=self._stock.id)
            if number < len(by_id) and self._stock.id(by_id[number]) == name:
                found.append(by_id[number])
        return found

    def _updated_since(self, bound: int | None) -> Sequence[int]:
        everything = range(len(self._stock.ends))
        if bound is None:
            return everything
        if bound not in self._since:
            first = bisect_left(self._by_update, bound, key=self._stock.updated.__getitem__)
            self._since[bound] = sorted(self._by_update[first:]) if first else everything
        return self._since[bound]

    def _age(self, place: int) -> int:
        return -self._stock.created[place]

    def _after(self, places: Sequence[int], cursor: str) -> int:
        """Where among places those begin that come after a cursor."""
        at, last_id = cursors.read_keyset(cursor)
        created = self._stock.created
        place = bisect_left(range(len(created)), -at, key=self._age)
        while place < len(created) and created[place] == at and self._stock.id(place) >= last_id:
            place += 1
        return bisect_left(places, place)

    def _cursor(self, place: int) -> str:
        return cursors.keyset((self._stock.created[place], self._stock.id(place)))

    def _items(self, chosen: Sequence[int]) -> bytes:
        if not chosen:
            return b""
        if isinstance(chosen, range) and self._changed.keys().isdisjoint(chosen):
            start, end = self._stock.start(chosen[0]), self._stock.ends[chosen[-1]]
            return self._stock.items[start : end - 1]
        return b",".join([self._item(place) for place in chosen])

    def _item(self, place: int) -> bytes:
        found = self._changed.get(place)
        if found is not None:
            return found
        return self._stock.items[self._stock.start(place) : self._stock.ends[place] - 1]


def _number(asked: dict[str, list[str]], name: str) -> int | None:
    return int(asked[name][-1]) if name in asked else None


def _changed(item: dict[str, Any], now: int, dice: Random) -> dict[str, Any]:
    """A session after some more work."""
    acus = round(item["acus_consumed"] + dice.uniform(0.1, 5), 2)
    item |= {"updated_at": now, "acus_consumed": acus}
    if dice.random() < _OFTEN:
        item["tags"] = [*item["tags"][:2], f"sprint-{dice.randrange(20)}"]
    if dice.random() < _OFTEN:
        number = dice.randrange(10_000)
        opened = f"https://github.com/acme/service-{number % 20}/pull/{number}"
        merged = [{**pull, "pr_state": "merged"} for pull in item["pull_requests"]]
        item["pull_requests"] = [*merged, {"pr_url": opened, "pr_state": "open"}]
    return item
