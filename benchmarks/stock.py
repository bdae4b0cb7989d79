"""Made-up sessions as bytes on disk: made once for each size, and read from there by the server.

A large stock is several worlds of the demo API one after the other in time, so that making it
takes the memory of one.
"""

import hashlib
import mmap
import shutil
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, Self

from filelock import FileLock

from pipelines.devin import demo_api
from pipelines.devin.demo_api import World
from pipelines.devin.demo_api.rows import Row
from pipelines.devin.demo_api.world import NOW, START

ORG_ID = "org-demo"
ID_LENGTH = 32

_ROOT = Path(__file__).parent.parent
_CACHE = _ROOT / "build" / "bench" / "stock"
_LARGEST_WORLD = 100_000
_NUMBERS = ("created", "updated", "ends", "by_id")


class Stock(NamedTuple):
    """Sessions in the order they are sent in, newest created first: the place of each is a number.

    Attributes:
        items: Each session as the API shows it, with a comma behind it.
        ids: Their ids without prefix, one behind the other.
        created: When each was created, in epoch seconds.
        updated: When each was changed last.
        ends: Where each ends in `items`, its comma included.
        by_id: The places in the order of their ids.
    """

    items: mmap.mmap
    ids: bytes
    created: "array[int]"
    updated: "array[int]"
    ends: "array[int]"
    by_id: "array[int]"

    @classmethod
    def of(cls, sessions: int, seed: int = 7) -> Self:
        """The stock of so many sessions, made now if it never was."""
        folder = _CACHE / f"{sessions}-{seed}-{_code()}"
        _CACHE.mkdir(parents=True, exist_ok=True)
        with FileLock(_CACHE / "lock"):
            if not folder.exists():
                begun = _CACHE / "begun"
                shutil.rmtree(begun, ignore_errors=True)
                begun.mkdir()
                _make(begun, sessions, seed)
                begun.rename(folder)
        with (folder / "items").open("rb") as file:
            items = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        return cls(
            items,
            (folder / "ids").read_bytes(),
            *(array("q", (folder / name).read_bytes()) for name in _NUMBERS),
        )

    def id(self, place: int) -> str:
        """The id of a session, without prefix."""
        return self.ids[place * ID_LENGTH : (place + 1) * ID_LENGTH].decode()

    def start(self, place: int) -> int:
        """Where a session begins in `items`."""
        return self.ends[place - 1] if place else 0


def _code() -> str:
    """A name for the code that makes sessions: another code, another stock."""
    digest = hashlib.blake2b(digest_size=6)
    for path in [Path(__file__), *sorted(Path(demo_api.__path__[0]).glob("*.py"))]:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _make(folder: Path, sessions: int, seed: int) -> None:
    created, updated, ends, ids = array("q"), array("q"), array("q"), bytearray()
    end = 0
    with (folder / "items").open("wb") as file:
        for row in _rows(sessions, seed):
            end += file.write(row.body) + file.write(b",")
            ends.append(end)
            created.append(row.item["created_at"])
            updated.append(row.item["updated_at"])
            ids += row.id.encode()
    (folder / "ids").write_bytes(ids)
    by_id = sorted(
        range(sessions), key=lambda place: ids[place * ID_LENGTH : (place + 1) * ID_LENGTH]
    )
    for name, numbers in zip(_NUMBERS, (created, updated, ends, array("q", by_id)), strict=True):
        (folder / name).write_bytes(numbers.tobytes())


def _rows(sessions: int, seed: int) -> Iterator[Row]:
    """All sessions, newest created first, with one world in memory at a time."""
    worlds = -(-sessions // _LARGEST_WORLD)
    moments = [START + (NOW - START) * number // worlds for number in range(worlds + 1)]
    for number in reversed(range(worlds)):
        last = number == worlds - 1
        size = sessions // worlds + (number < sessions % worlds)
        world = World.build(
            size,
            seed=seed + number,
            org_ids=(ORG_ID,),
            start=moments[number],
            now=moments[number + 1] - (not last),
        )
        yield from sorted(world.rows(ORG_ID), key=_order, reverse=True)


def _order(row: Row) -> tuple[int, str]:
    return row.item["created_at"], row.id
