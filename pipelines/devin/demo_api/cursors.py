"""Page cursors: opaque to clients, JSON in base64 to the server."""

import binascii
from base64 import b64decode, b64encode
from typing import Any, Literal

import orjson

CursorKind = Literal["keyset", "offset"]
Key = tuple[int, str]


class BadCursor(ValueError):
    """The cursor did not come from this server, or not for this kind of paging."""


def keyset(key: Key) -> str:
    """A cursor that says: after the row with this time (epoch seconds) and id."""
    return _encode({"at": key[0], "last_id": key[1]})


def offset(rows: int) -> str:
    """A cursor that says: after that many rows."""
    return _encode({"offset": rows})


def read_keyset(cursor: str) -> Key:
    """The time and id in a cursor.

    Raises:
        BadCursor: It holds no such thing.
    """
    match _decode(cursor):
        case {"at": int(at), "last_id": str(last_id)}:
            return at, last_id
    raise BadCursor(cursor)


def read_offset(cursor: str) -> int:
    """The number of rows in a cursor.

    Raises:
        BadCursor: It holds no such thing.
    """
    match _decode(cursor):
        case {"offset": int(rows)} if rows >= 0:
            return rows
    raise BadCursor(cursor)


def _encode(fields: dict[str, int | str]) -> str:
    return b64encode(orjson.dumps(fields)).decode()


def _decode(cursor: str) -> Any:
    try:
        return orjson.loads(b64decode(cursor, validate=True))
    except (binascii.Error, ValueError) as failure:
        raise BadCursor(cursor) from failure
