"""What is loaded as of when: the only thing that a scope remembers between runs.

The map is over `created_at`, which never changes, so a session never moves from one segment to
another. A segment `[created_from, created_to) -> as_of` says: every session created in this span
is loaded as it stood at `as_of`, or later. Every job is one operation on it: an incremental cycle
raises all of `[start, now)`, a backfill clears a span and raises it, a resume raises what is
behind.

All times are epoch seconds by the API's own clock. Nothing here does any I/O.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple


class Span(NamedTuple):
    """A span of `created_at`, half open."""

    created_from: int
    created_to: int


class Segment(NamedTuple):
    """A span of `created_at`, half open, and the moment its sessions are loaded as of."""

    created_from: int
    created_to: int
    as_of: int


class Slice(NamedTuple):
    """A span to be walked.

    Attributes:
        created_from: Sessions created at or after this are asked for.
        created_to: Sessions created before this; None for all up to the moment the walk begins.
        as_of: What is loaded already: only sessions updated since are asked for. None where
            nothing is, so every session is.
    """

    created_from: int
    created_to: int | None
    as_of: int | None

    def split(self, parts: int) -> list["Slice"]:
        """The slice in so many parts of equal length, in order of `created_at`.

        Fewer, where it is too short; its end has to be known.
        """
        if self.created_to is None:
            raise ValueError(f"{self} is open")
        begin, length = self.created_from, self.created_to - self.created_from
        parts = max(1, min(parts, length))
        edges = [begin + length * place // parts for place in range(parts + 1)]
        return [self._replace(created_from=a, created_to=b) for a, b in pairwise(edges)]


@dataclass(frozen=True)
class Coverage:
    """A sorted list of segments that neither overlap nor touch where they are equal.

    Attributes:
        segments: The segments by ascending `created_from`; none is empty.
    """

    segments: tuple[Segment, ...] = ()

    @classmethod
    def of(cls, segments: Iterable[Sequence[int]]) -> "Coverage":
        """The map of these segments, as `to_state` wrote them.

        Raises:
            ValueError: A segment is empty, or two of them overlap.
        """
        ordered = sorted(Segment(*map(int, segment)) for segment in segments)
        if any(segment.created_from >= segment.created_to for segment in ordered):
            raise ValueError(f"a coverage segment is empty: {ordered}")
        if any(left.created_to > right.created_from for left, right in pairwise(ordered)):
            raise ValueError(f"coverage segments overlap: {ordered}")
        return cls(_merged(ordered))

    def to_state(self) -> list[list[int]]:
        """The map as JSON can hold it: `[[created_from, created_to, as_of], ...]`."""
        return [list(segment) for segment in self.segments]

    def as_of(self, created_at: int) -> int | None:
        """As of when a session created at this moment is loaded; None if it is not."""
        for segment in self.segments:
            if segment.created_from <= created_at < segment.created_to:
                return segment.as_of
        return None

    def clear(self, created_from: int, created_to: int) -> "Coverage":
        """The map without any claim about this span."""
        if created_from >= created_to:
            return self
        kept = []
        for segment in self.segments:
            begin, end, as_of = segment
            if end <= created_from or begin >= created_to:
                kept.append(segment)
                continue
            if begin < created_from:
                kept.append(Segment(begin, created_from, as_of))
            if end > created_to:
                kept.append(Segment(created_to, end, as_of))
        return Coverage(tuple(kept))

    def believed(self, now: int) -> "Coverage":
        """The map without what it cannot know: claims of a later moment than now.

        They come from an answer with a wrong `Date`; what they hide has to be walked again.
        """
        latest = max((segment.created_to for segment in self.segments), default=now)
        sound = Coverage(tuple(segment for segment in self.segments if segment.as_of <= now))
        return sound.clear(now, latest) if latest > now else sound

    def raised(self, created_from: int, created_to: int, as_of: int) -> "Coverage":
        """The map after this span was walked to its last page, begun at `as_of`.

        What is loaded as of a later moment already stays so: coverage never falls.
        """
        if created_from >= created_to:
            return self
        if grown := self._grown(created_from, created_to, as_of):
            return grown
        inside = [
            Segment(max(s.created_from, created_from), min(s.created_to, created_to), s.as_of)
            for s in self.segments
            if s.created_from < created_to and s.created_to > created_from and s.as_of > as_of
        ]
        edges = [created_from, *(edge for s in inside for edge in s[:2]), created_to]
        gaps = zip(edges[::2], edges[1::2], strict=True)
        filled = [Segment(left, right, as_of) for left, right in gaps if left < right]
        outside = self.clear(created_from, created_to).segments
        return Coverage(_merged(sorted([*outside, *inside, *filled])))

    def _grown(self, created_from: int, created_to: int, as_of: int) -> "Coverage | None":
        """The same where one segment grows into a gap that stays: what a walk does page by page."""
        ends = [segment.created_to for segment in self.segments]
        for place, segment in enumerate(self.segments):
            if segment.created_from == created_to and segment.as_of == as_of:
                if place and ends[place - 1] >= created_from:
                    return None
                wider = Segment(created_from, segment.created_to, as_of)
                return Coverage((*self.segments[:place], wider, *self.segments[place + 1 :]))
        return None

    def _joined(self) -> list[Segment]:
        joined: list[Segment] = []
        for segment in self.segments:
            if joined and joined[-1].created_to == segment.created_from:
                as_of = min(joined[-1].as_of, segment.as_of)
                joined[-1] = joined[-1]._replace(created_to=segment.created_to, as_of=as_of)
            else:
                joined.append(segment)
        return joined

    def lowered(self, as_of: int, created_at: int | None = None) -> "Coverage":
        """The map that claims nothing of a later moment than this.

        Args:
            as_of: The latest moment to claim.
            created_at: Names the one segment that is meant; all are, if None.
        """
        return Coverage(
            _merged(
                s._replace(as_of=min(s.as_of, as_of))
                if created_at is None or s.created_from <= created_at < s.created_to
                else s
                for s in self.segments
            )
        )

    def holes(self, begin: int, end: int) -> list[Slice]:
        """What of `[begin, end)` is not loaded at all, in order of `created_at`."""
        inside = [s for s in self.segments if s.created_from < end and s.created_to > begin]
        edges = [begin, *(edge for segment in inside for edge in segment[:2]), end]
        gaps = zip(edges[::2], edges[1::2], strict=True)
        return [Slice(left, right, None) for left, right in gaps if left < right]

    def behind(self, start: int) -> list[Slice]:
        """What has to be walked so that all of `[start, now)` is raised.

        Segments and the holes between them each are one slice, in order of `created_at`. The last
        one is open: its end is the moment its walk begins, which only the API's clock can tell.
        Segments that touch are one slice where there are many, as of the earliest of them.
        """
        slices: list[Slice] = []
        reached = start
        for segment in self._joined() if len(self.segments) > MANY else self.segments:
            if segment.created_to <= start:
                continue
            begin = max(segment.created_from, start)
            if begin > reached:
                slices.append(Slice(reached, begin, None))
            slices.append(Slice(begin, segment.created_to, segment.as_of))
            reached = segment.created_to
        return [*slices, Slice(reached, None, None)]


MANY = 16
"""Segments that are raised one by one at most: each takes a request."""


def _merged(ordered: Iterable[Segment]) -> tuple[Segment, ...]:
    """Neighbours that touch and say the same, as one."""
    merged: list[Segment] = []
    for segment in ordered:
        last = merged[-1] if merged else None
        if last and last.created_to == segment.created_from and last.as_of == segment.as_of:
            merged[-1] = last._replace(created_to=segment.created_to)
        else:
            merged.append(segment)
    return tuple(merged)
