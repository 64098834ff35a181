"""Reads moments: in seconds since 1970, or in ISO 8601."""

from datetime import UTC, datetime, timedelta
from typing import Final

from billing.changes import UNKNOWN, Moment
from billing.translators.fields import Node, integer, known, text, unexpected
from webhooks import events

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def moment(node: Node) -> Moment:
    """Return a moment in UTC, from whole seconds since 1970."""
    seconds = integer(node)
    if seconds is UNKNOWN or seconds is None:
        return seconds
    found = events.moment(seconds)
    if found is None:
        raise unexpected(node, "a time in seconds since 1970")
    return found


def instant(node: Node) -> Moment:
    """Return a moment in UTC, from ISO 8601; one without a time zone is in UTC."""
    written = text(node)
    if written is UNKNOWN or not written:
        return UNKNOWN if written is UNKNOWN else None
    try:
        said = datetime.fromisoformat(written.upper())
        found = said.astimezone(UTC) if said.tzinfo else said.replace(tzinfo=UTC)
    except (ValueError, OverflowError) as error:
        raise unexpected(node, "a time in ISO 8601") from error
    if events.moment(found.timestamp()) is None:
        raise unexpected(node, "a time in ISO 8601")
    return found


def microseconds(node: Node) -> int | None:
    """Return a moment in ISO 8601 as microseconds since 1970, for a revision; None without one."""
    found = known(instant(node), None)
    return None if found is None else (found - _EPOCH) // timedelta(microseconds=1)
