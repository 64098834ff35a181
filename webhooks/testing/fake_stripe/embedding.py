"""Lists within objects, as Stripe sends them: their first entries only."""

from webhooks.testing.fake_stripe.shapes import Json

MOST_EMBEDDED = 10


def embedded(subject: Json) -> Json:
    """Return an object, or a page of objects, with no list within an object longer than ten."""
    if subject.get("object") == "list":
        return subject | {"data": [embedded(one) for one in subject["data"]]}
    return {name: _cut(value) for name, value in subject.items()}


def _cut(value: object) -> object:
    if not isinstance(value, dict):
        return value
    whole = embedded(value)
    if value.get("object") != "list" or len(value["data"]) <= MOST_EMBEDDED:
        return whole
    return whole | {"data": whole["data"][:MOST_EMBEDDED], "has_more": True}
