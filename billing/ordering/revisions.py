"""Revisions: the provider's own count of an object's changes, which decides where there is one."""

from collections.abc import Sequence

from billing.ordering.snapshots import Snapshot


def are_counted(snapshots: Sequence[Snapshot]) -> bool:
    """True where each of these snapshots, at least one, has its place in the provider's count."""
    return bool(snapshots) and all(one.revision is not None for one in snapshots)


def newest_revision(snapshots: Sequence[Snapshot]) -> list[Snapshot]:
    """Return those of counted snapshots that came last; a deletion has no successor."""
    newest = max(map(_place, snapshots))
    return [one for one in snapshots if _place(one) == newest]


def _place(snapshot: Snapshot) -> tuple[bool, int]:
    return snapshot.is_deleted, snapshot.revision or 0
