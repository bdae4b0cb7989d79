"""Text that every destination can hold."""

import json
import math
from collections.abc import Mapping
from typing import Any

_ENCODER = json.JSONEncoder(ensure_ascii=False)


def json_text(value: Any) -> str | None:
    """JSON text that every destination can hold; None for None.

    U+0000 becomes U+FFFD, and a number that JSON has no form for its name: `"NaN"`, `"Infinity"`.
    """
    if value is None:
        return None
    text = _ENCODER.encode(value)
    suspect = "\\u0000" in text or "NaN" in text or "Infinity" in text
    return _ENCODER.encode(_storable(value)) if suspect else text


def _storable(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\x00", "\ufffd")
    if isinstance(value, float) and not math.isfinite(value):
        return json.dumps(value)
    if isinstance(value, Mapping):
        return {_storable(key): _storable(entry) for key, entry in value.items()}
    return [_storable(entry) for entry in value] if isinstance(value, list) else value
