"""A destination for cycles whose batches somebody else takes."""

from collections.abc import Callable, Sequence

from sources.devin.held import Held, Ownership
from sources.devin.rereads import Look, OpenSession


class Nothing(Held):
    """Holds nothing: sessions are neither found deleted nor looked after."""

    def __init__(self) -> None:
        """Without a pipeline."""

    def wait(self) -> None:
        """Nothing is loaded meanwhile."""

    @property
    def wants_markers(self) -> bool:
        """It does, as any destination that dlt merges into."""
        return True

    def open_pull_requests(
        self,
        look: Look,  # noqa: ARG002
        ownership: Ownership,  # noqa: ARG002
        came: Callable[[str], bool],  # noqa: ARG002
    ) -> list[OpenSession]:
        return []

    def session_ids(
        self,
        ownership: Ownership,  # noqa: ARG002
        spans: Sequence[tuple[int, int]],  # noqa: ARG002
    ) -> set[str]:
        return set()
