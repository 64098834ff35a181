"""What every object of Stripe's says in the same words."""

from typing import TypedDict

from billing.changes import UNKNOWN, Metadata, Moment
from billing.translators.fields import Node, metadata, moment, text


class Common(TypedDict):
    """The fields that all changes have."""

    provider_id: str
    created_at: Moment
    metadata: Metadata


def common(source: Node) -> Common:
    """The fields that all changes have, of an object that has an id."""
    return Common(
        provider_id=identifier(source),
        created_at=moment(source["created"]),
        metadata=metadata(source["metadata"]),
    )


def identifier(source: Node) -> str:
    """An object's id, empty where it has none."""
    found = text(source["id"])
    return "" if found is UNKNOWN else found
