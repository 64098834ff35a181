"""One form for each content, so that it has one hash, on every database."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

MAX_DEPTH = 20


def canonical(content: Any) -> bytes:
    """JSON in ASCII with sorted keys and no white space; moments in UTC, to the microsecond."""
    return _encode(content).encode("ascii")


def _told(value: object) -> Any:
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, bytes | memoryview):  # as SQLite lets into a column of texts
        return {"bytes": bytes(value).hex()}
    raise TypeError(f"{type(value).__name__} has no canonical form")


_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), default=_told).encode


def moment(value: datetime) -> str:
    """A moment as it takes part in hashes."""
    return value.astimezone(UTC).isoformat(timespec="microseconds")


def storable(text: str, length: int | None = None) -> str:
    """The text as every database can hold it: no NUL, no lone surrogates, cut to a length."""
    clean = text.replace("\0", "\ufffd").encode(errors="replace").decode()
    if length is not None and len(clean) > length:
        return f"{clean[: length - 1]}\N{HORIZONTAL ELLIPSIS}"
    return clean


def storable_details(content: Mapping[str, Any]) -> dict[str, Any]:
    """Details as every database can hold them, and gives them back the same.

    Raises `TypeError` for what is not JSON, or has fractions, which databases write differently.
    """
    return {storable(key): _detail(value, 1) for key, value in content.items()}


def _detail(value: Any, depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise TypeError("details are nested too deep")
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, Mapping):
        return {storable(key): _detail(part, depth + 1) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_detail(part, depth + 1) for part in value]
    raise TypeError(f"details can't hold a {type(value).__name__}")
