"""Canonical JSON, so that equal contents have equal hashes on every database."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from webhooks.database.text import storable

MAX_DEPTH = 20


def canonical(content: Any) -> bytes:
    """Return JSON in ASCII with sorted keys, no white space, and times in UTC to the µs."""
    return _encode(content).encode("ascii")


def _json_value(value: object) -> Any:
    if isinstance(value, datetime):
        return moment(value)
    # SQLite lets bytes into a text column. They must be hashed, not crash the verification.
    if isinstance(value, bytes | memoryview):
        return {"bytes": bytes(value).hex()}
    raise TypeError(f"{type(value).__name__} has no canonical form")


_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), default=_json_value).encode


def moment(value: datetime) -> str:
    """Return a time as hashes and exports have it: ISO 8601 in UTC, with microseconds."""
    return value.astimezone(UTC).isoformat(timespec="microseconds")


def storable_details(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return details that every database stores and gives back unchanged.

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
