"""Snapshots as JSON, beside the object's state.

An object keeps up to a few dozen of them, and most say what the state says already. So each is
stored as its differences from the current facts, and must be read with the same facts again.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from billing.ordering.snapshots import FactMap, Snapshot, plain

Packed = dict[str, Any]


def pack(snapshots: Iterable[Snapshot], current: FactMap) -> list[Packed]:
    """Return snapshots as JSON: of their facts, only those that differ from the current ones."""
    return [_pack(snapshot, current) for snapshot in snapshots]


def unpack(packed: Iterable[Packed], current: FactMap) -> list[Snapshot]:
    """Return the snapshots that were packed with these same current facts."""
    return [_unpack(one, current) for one in packed]


def _pack(snapshot: Snapshot, current: FactMap) -> Packed:
    packed = {
        "id": snapshot.event_id,
        "at": snapshot.at,
        "heard": plain(snapshot.observed_at),
        **_pack_facts(snapshot, current),
        "before": snapshot.before,
        "first": snapshot.is_first,
        "base": snapshot.is_base,
        "patchy": snapshot.is_patchy,
        "reserve": snapshot.is_reserve,
        "doubt": snapshot.casts_doubt,
        "goes_on": snapshot.goes_on,
        "revision": snapshot.revision,
        "from": snapshot.asked_from,
    }
    # An empty `before` is an update that changed nothing known here, None is no update at all; and
    # a partial snapshot is known by its key. The rest need not be stored when it is empty: a number
    # never is.
    return {
        name: value
        for name, value in packed.items()
        if value or type(value) is int or name in ("id", "before", "partly")
    }


def _pack_facts(snapshot: Snapshot, current: FactMap) -> Packed:
    # A partial snapshot has so few facts that what it leaves out would be the longer list.
    if snapshot.is_partial:
        return {"partly": snapshot.facts}
    facts = snapshot.facts
    return {
        "but": {name: value for name, value in facts.items() if current.get(name) != value},
        "unsaid": [name for name in current if name not in facts],
    }


def _unpack(packed: Mapping[str, Any], current: FactMap) -> Snapshot:
    heard, doubt = packed.get("heard"), packed.get("doubt", "")
    facts = packed.get("partly", current) | packed.get("but", {})
    for name in packed.get("unsaid", ()):
        facts.pop(name, None)
    return Snapshot(
        event_id=packed["id"],
        at=packed.get("at"),
        facts=facts,
        before=packed["before"],
        is_first=packed.get("first", False),
        is_base=packed.get("base", False),
        is_partial="partly" in packed,
        # Versions up to 0.1.0 kept no id of what casts it.
        casts_doubt=packed["id"] if doubt is True else doubt,
        goes_on=packed.get("goes_on", False),
        revision=packed.get("revision"),
        is_patchy=packed.get("patchy", False),
        is_reserve=packed.get("reserve", False),
        observed_at=datetime.fromisoformat(heard) if heard else None,
        asked_from=packed.get("from"),
    )
