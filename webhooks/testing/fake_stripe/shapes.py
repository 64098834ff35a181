"""Plain JSON: copies, and what differs between two versions of an object."""

from typing import Any

Json = dict[str, Any]


def copied(value: Any) -> Any:
    """Return the same JSON, sharing nothing that can change."""
    if isinstance(value, dict):
        return {key: copied(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [copied(inner) for inner in value]
    return value


def difference(before: Json, after: Json) -> Json:
    """`previous_attributes`: the old value of every key that changed, null where there was none.

    Of hashes, only the keys that changed; of lists, the whole old value.
    """
    changed: Json = {}
    for key in {**before, **after}:
        old, new = before.get(key), after.get(key)
        # Null as well for a key that was absent: `previous_attributes` can't tell the two apart.
        if old == new:
            continue
        if isinstance(old, dict) and isinstance(new, dict):
            changed[key] = difference(old, new)
        else:
            changed[key] = copied(old)
    return changed


def restored(snapshot: Json, previous: Json) -> Json:
    """Return the object as it was before, from its snapshot and its `previous_attributes`."""
    whole: Json = copied(snapshot)
    for key, old in previous.items():
        new = whole.get(key)
        if isinstance(old, dict) and isinstance(new, dict):
            whole[key] = restored(new, old)
        else:
            whole[key] = copied(old)
    if isinstance(whole.get("metadata"), dict):
        # Metadata has no nulls: one means that the key wasn't there.
        whole["metadata"] = {k: v for k, v in whole["metadata"].items() if v is not None}
    return whole


def detailed(subject: Json, details: Json) -> Json:
    """Return the object with other values for some of its keys.

    Raises `TypeError` for keys it hasn't.
    """
    # A key that no object of Stripe's has would pass unseen, and prove nothing in a test.
    if unknown := set(details) - set(subject):
        raise TypeError(f"a {subject['object']} has no {', '.join(sorted(unknown))}")
    return subject | details
