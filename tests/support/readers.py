"""Pages as each of their readers reads them, which have to agree."""

from collections.abc import Callable

from sources.devin.client import UndecodableBody
from sources.devin.decoding import Decoder
from sources.devin.models import decode_page
from sources.devin.session import Page

Outcome = Page | str
"""What comes of a body: a page, or why it is none."""


def outcome(reader: Callable[[bytes], Page], body: bytes) -> Outcome:
    try:
        return reader(body)
    except UndecodableBody as error:
        return str(error)


def read(body: bytes) -> Page:
    """The page as the contract reads it, and a decoder the first time and the second.

    Raises:
        UndecodableBody: It is none, say all of them.
    """
    decoder = Decoder()
    expected = outcome(decode_page, body)
    # As text too: 1 == 1.0 == True, 0.0 == -0.0, and the order of names counts in JSON.
    for _ in range(2):
        found = outcome(decoder.decode, body)
        assert repr(found) == repr(expected)
    if isinstance(expected, str):
        raise UndecodableBody(expected)
    return expected
