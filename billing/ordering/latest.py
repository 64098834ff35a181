"""Which of the things that were said of an object came last, whatever order they were heard in."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from billing.ordering.lifecycles import lifecycle_of
from billing.ordering.rules import WINDOW_SECONDS, Reason, Ruling, judge
from billing.ordering.snapshots import Snapshot

MOST_KEPT: Final = 32

_FAR_AHEAD: Final = 2**63


def latest(kind: str, snapshots: Sequence[Snapshot]) -> Ruling | None:
    """Which snapshot of an object came last. The order in which they are given is no matter.

    `kind` is the object's type. In doubt one is chosen all the same, always the same one. None
    when there are but partial ones.
    """
    whole = [one for one in snapshots if not one.is_partial]
    answer = next((one for one in whole if one.is_answer), None)
    if answer is not None:
        return _weigh_against(answer, kind, whole)
    return judge(kind, _keep(kind, whole)) if whole else None


def prune(kind: str, snapshots: Sequence[Snapshot]) -> list[Snapshot]:
    """The snapshots that a late one may still have to be weighed against.

    Of those that are much older than the newest, one is kept: what they come to.
    """
    answer = next((one for one in snapshots if one.is_answer and not one.is_base), None)
    wordier = beyond(answer, snapshots)[-MOST_KEPT:] if answer else []
    if answer is not None:
        snapshots = [one for one in snapshots if one is answer or not answer.covers(one)]
    whole = [one for one in snapshots if not one.is_partial]
    newest = _newest(whole)
    partial = [
        one
        for one in snapshots
        if one.is_partial and (one.at is None or one.at >= newest - WINDOW_SECONDS)
    ]
    return [*_keep(kind, whole), *partial[-MOST_KEPT:], *wordier]


def beyond(answer: Snapshot, snapshots: Sequence[Snapshot]) -> list[Snapshot]:
    """Those that the answer covers, and that say more than it, in a shape of their own."""
    return [
        one
        for one in snapshots
        if not one.is_partial and answer.covers(one) and one.said.keys() - answer.said.keys()
    ]


def _newest(snapshots: Sequence[Snapshot]) -> int:
    return max((one.at for one in snapshots if one.at is not None), default=0)


def _keep(kind: str, snapshots: Sequence[Snapshot]) -> list[Snapshot]:
    oldest = _newest(snapshots) - WINDOW_SECONDS
    if len(snapshots) <= MOST_KEPT and all(one.at is None or one.at >= oldest for one in snapshots):
        return list(snapshots)
    by_clock = sorted(snapshots, key=lambda one: one.at if one.at is not None else _FAR_AHEAD)
    recent = [one for one in by_clock if one.at is None or one.at >= oldest][-MOST_KEPT:]
    old = by_clock[: len(by_clock) - len(recent)]
    return [_base(kind, old), *recent]


def _base(kind: str, old: Sequence[Snapshot]) -> Snapshot:
    """What old snapshots come to: what those that are recent began with.

    What had come before the last base is forgotten, so nothing can be said of a snapshot that
    comes from that time after all, but whether it is final.
    """
    base = next((one for one in old if one.is_base), None)
    if base is None:
        return replace(judge(kind, old).last, is_base=True)
    late = [one for one in old if one is not base and (one.at or 0) <= (base.at or 0)]
    last = judge(kind, [one for one in old if one not in late]).last
    is_patchy = last.is_patchy or (
        last is base and any(one.at == base.at and one.said != base.said for one in late)
    )
    last = next((one for one in late if _outranks(kind, one, last)), last)
    return replace(last, is_base=True, is_patchy=is_patchy)


def _outranks(kind: str, one: Snapshot, other: Snapshot) -> bool:
    if one.said.get("deleted") or other.said.get("deleted"):
        return not other.said.get("deleted")
    return lifecycle_of(kind).has_left(other.status, one.status)


def _weigh_against(answer: Snapshot, kind: str, snapshots: Sequence[Snapshot]) -> Ruling:
    """What the provider answered stands, but for what happened since."""
    others = [one for one in snapshots if one is not answer and not answer.covers(one)]
    since = [one for one in others if one.said.get("deleted") or (one.at or 0) > (answer.at or 0)]
    unclear = [one for one in others if one not in since and not _agree(one, answer)]
    if since:
        ruling = judge(kind, prune(kind, [replace(answer, is_base=True), *since]))
        return replace(ruling, in_doubt=ruling.in_doubt or bool(unclear))
    reason = Reason.UNDECIDED if unclear else Reason.ANSWER
    return Ruling(answer, reason, in_doubt=bool(unclear))


def _agree(one: Snapshot, other: Snapshot) -> bool:
    return all(one.said[name] == other.said[name] for name in one.said.keys() & other.said.keys())
