"""The fields that every object of Stripe's has."""

from typing import TypedDict

from billing.changes import UNKNOWN, Metadata, Moment
from billing.translators.fields import Node, boolean, known, metadata, text
from billing.translators.moments import moment


class Common(TypedDict):
    """The fields that all changes have."""

    provider_id: str
    created_at: Moment
    metadata: Metadata


def common(source: Node) -> Common:
    """Translate the fields that all objects have; this one must have an id."""
    return Common(
        provider_id=identifier(source),
        created_at=moment(source["created"]),
        metadata=metadata(source["metadata"]),
    )


def identifier(source: Node) -> str:
    """Return an object's id, empty where it has none."""
    found = text(source["id"])
    return "" if found is UNKNOWN else found


def goes_on(listed: Node) -> bool:
    """Return whether a list within an object has more entries than it carries."""
    # An event carries the first ten entries at most; an answer has been asked for the rest.
    return known(boolean(listed["has_more"]), False) is True
