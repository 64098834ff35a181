"""The files that processes count in: create them, and add up those of ended processes."""

import fcntl
import logging
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from prometheus_client.mmap_dict import MmapedDict

logger = logging.getLogger(__name__)

SIZE: Final = 1 << 16  # bytes; prometheus_client doubles a file that gets full
ALIVE: Final = "alive_"
GAUGE: Final = "gauge"
ENDED: Final = "ended"
"""Stands in place of a process's name in the files with the sums of ended processes."""


def enter(folder: Path, name: str) -> int:
    """Mark a process as alive for as long as the returned descriptor is open.

    Raises `OSError` when the folder can't be used.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Locked before it has its name: whoever finds it finds it locked.
    unnamed = folder / f"new_{name}"
    descriptor = os.open(unnamed, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    unnamed.rename(folder / f"{ALIVE}{name}")
    with suppress(BlockingIOError), locked(folder, fcntl.LOCK_NB):
        compact(folder)
    return descriptor


def make(folder: Path, kind: str, name: str) -> MmapedDict:
    """Create a file for values of a kind. Raises `OSError`."""
    path = folder / f"{kind}_{name}.db"
    # Writing to a file through memory ends the process when the disk is full: take the room now.
    _fill(path)
    return MmapedDict(str(path))


@contextmanager
def locked(folder: Path, how: int = 0) -> Iterator[None]:
    """Lock the folder against others who compact or read it; counting goes on."""
    descriptor = os.open(folder / "lock", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | how)
        yield
    finally:
        os.close(descriptor)


def all_of(folder: Path) -> list[str]:
    """Return every file with values in it."""
    return [str(path) for path in folder.glob("*.db")]


def compact(folder: Path) -> None:
    """Add the counts of ended processes into one file per kind. The folder must be locked."""
    _finish(folder)
    for alive in folder.glob(f"{ALIVE}*"):
        if _is_locked(alive):
            continue
        name = alive.name.removeprefix(ALIVE)
        for path in folder.glob(f"*_{name}.db"):
            _take_over(path, name)
        alive.unlink()


def _is_locked(path: Path) -> bool:
    descriptor = os.open(path, os.O_RDWR)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _take_over(path: Path, name: str) -> None:
    kind = path.name.split("_")[0]
    # A gauge of an ended process holds no longer; its counts stay true.
    if kind != GAUGE:
        before = _ended(path.parent, kind)
        number = _number(before[-1]) + 1 if before else 1
        try:
            draft = _sum(path, before[-1] if before else None)
        except (RuntimeError, ValueError) as error:
            # The machine may have stopped in the middle of a write.
            logger.warning("the counts in %s are lost: %s", path.name, error)
        else:
            # With this name it counts, and the file that it names counts no more: see `_finish`.
            draft.rename(path.with_name(f"{kind}_{ENDED}-{number}-{name}.db"))
    path.unlink()
    _finish(path.parent)


def _sum(path: Path, before: Path | None) -> Path:
    draft = path.with_name("draft")
    if before:
        shutil.copyfile(before, draft)
    else:
        _fill(draft)
    total = MmapedDict(str(draft))
    try:
        for key, value, _, _ in MmapedDict.read_all_values_from_file(str(path)):
            total.write_value(key, total.read_value(key)[0] + value, 0.0)
    finally:
        total.close()
    return draft


def _finish(folder: Path) -> None:
    """Remove what has been added up, also where somebody was killed in the middle of it."""
    for kind in {path.name.split("_")[0] for path in folder.glob(f"*_{ENDED}-*.db")}:
        *former, last = _ended(folder, kind)
        name = last.stem.split("-", 2)[2]
        last.with_name(f"{kind}_{name}.db").unlink(missing_ok=True)
        for path in former:
            path.unlink()


def _ended(folder: Path, kind: str) -> list[Path]:
    return sorted(folder.glob(f"{kind}_{ENDED}-*.db"), key=_number)


def _number(path: Path) -> int:
    return int(path.stem.split("-", 2)[1])


def _fill(path: Path) -> None:
    path.touch(mode=0o600)
    path.write_bytes(bytes(SIZE))
