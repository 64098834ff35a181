"""The state of an object, whatever order its snapshots arrived in.

`resolve` is all that others call. Nothing here knows the database or the clock.
"""

from billing.ordering.packing import pack, unpack
from billing.ordering.reasons import OrderingReason
from billing.ordering.resolution import Resolution, doubt_of_first, resolve
from billing.ordering.snapshots import FactMap, Snapshot, facts_of, plain

__all__ = [
    "FactMap",
    "OrderingReason",
    "Resolution",
    "Snapshot",
    "doubt_of_first",
    "facts_of",
    "pack",
    "plain",
    "resolve",
    "unpack",
]
