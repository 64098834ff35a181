"""Counts that add up over every process of a machine, and outlive the process that made them.

Each process counts in files of its own in `METRICS_DIR`, of the form that prometheus_client has for
this, and holds a lock for as long as it lives. Whoever reads the counts, or begins to count, adds
the files of processes that are no more into one. A lock tells the living from the dead where a
process id can't: ids come again, and mean nothing from one container to the next.

Counting never fails: where the folder can't be used, a process counts for itself alone.
"""

import logging
import os
import secrets
import threading
from collections.abc import Iterable
from typing import Any, Final

from prometheus_client import REGISTRY, Metric, values
from prometheus_client.mmap_dict import MmapedDict, mmap_key
from prometheus_client.multiprocess import MultiProcessCollector

from webhooks import conf
from webhooks.monitoring import counter_files

logger = logging.getLogger(__name__)


class _Process:
    """The files of this process: none before it counts, and new ones in each forked child."""

    def __init__(self) -> None:
        self.held: int | None = None
        self.begin()

    def begin(self) -> None:
        """Start without the files and locks of the process that this one was forked from."""
        if self.held is not None:
            os.close(self.held)
        self.held = None
        self.lock = threading.Lock()
        self.name = f"{os.getpid()}-{secrets.token_hex(4)}"
        self.files: dict[str, MmapedDict] = {}
        self.is_alone = False

    def file(self, kind: str) -> MmapedDict | None:
        """Return the file for values of this kind; None when there can be none."""
        if self.is_alone:
            return None
        try:
            # When something is first counted: commands that count nothing leave no file behind.
            if self.held is None:
                self.held = counter_files.enter(conf.metrics_dir(), self.name)
            if kind not in self.files:
                self.files[kind] = counter_files.make(conf.metrics_dir(), kind, self.name)
        except OSError as error:
            self.give_up(error)
            return None
        return self.files[kind]

    def give_up(self, error: OSError) -> None:
        """Count in memory from now on, and log that once."""
        # For good: a folder that comes and goes would make sums that rise and fall.
        self.is_alone = True
        logger.warning("METRICS_DIR can't be used, counts of this process are lost: %s", error)


_process: Final = _Process()
# A child would count in its parent's files, under its parent's lock.
os.register_at_fork(after_in_child=_process.begin)


class ProcessValue:
    """Replaces prometheus_client's own class of values (`values.ValueClass`)."""

    _multiprocess = True

    def __init__(
        self,
        typ: str,
        metric_name: str,
        name: str,
        labelnames: Iterable[str],
        labelvalues: Iterable[str],
        help_text: str,
        multiprocess_mode: str = "",
        **_: Any,
    ) -> None:
        self._kind = f"{typ}_{multiprocess_mode}" if multiprocess_mode else typ
        self._key = mmap_key(metric_name, name, [*labelnames], [*labelvalues], help_text)
        self._owner = ""
        self._value = 0.0
        self._file: MmapedDict | None = None
        _values.append(self)

    def inc(self, amount: float) -> None:
        """Add to the value."""
        with _process.lock:
            self._open()
            self._write(self._value + amount)

    def set(self, value: float, timestamp: float | None = None) -> None:
        """Set the value."""
        with _process.lock:
            self._open()
            self._write(value, timestamp or 0.0)

    def get(self) -> float:
        """Return what this process has counted."""
        with _process.lock:
            self._open()
            return self._value

    def set_exemplar(self, exemplar: Any) -> None:
        """Not kept."""

    def get_exemplar(self) -> None:
        """Return none, as none is kept."""

    def _open(self) -> None:
        # After a fork the name differs, and counting starts in a file of the child's own.
        if self._owner == _process.name:
            return
        self._owner = _process.name
        self._file = _process.file(self._kind)
        self._value = 0.0
        self._write(0.0)

    def _write(self, value: float, timestamp: float = 0.0) -> None:
        self._value = value
        if self._file is None:
            return
        try:
            self._file.write_value(self._key, value, timestamp)
        except OSError as error:
            self._file = None
            _process.give_up(error)


_values: Final[list[ProcessValue]] = []
values.ValueClass = ProcessValue


def collect() -> Iterable[Metric]:
    """Return the counts of every process or, where they can't share a folder, of this one."""
    for value in _values:
        value.get()  # so that what nobody has counted yet is there as 0
    if _process.is_alone:
        return REGISTRY.collect()
    folder = conf.metrics_dir()
    try:
        with counter_files.locked(folder):
            # Whoever reads tidies up: there need be no process for that alone.
            counter_files.compact(folder)
            return [*MultiProcessCollector.merge(counter_files.all_of(folder))]
    except OSError as error:
        _process.give_up(error)
        return REGISTRY.collect()
