"""The examinations, in groups; each app adds its own with `examines`."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from django.db import Error, connection
from django.utils.module_loading import autodiscover_modules

from webhooks.doctor.database import examine_database
from webhooks.doctor.findings import Examined, Finding, State
from webhooks.monitoring.logs import without_secrets

Examine = Callable[[Examined], Iterable[Finding]]


@dataclass(frozen=True, slots=True)
class _Examination:
    group: str
    name: str
    examine: Examine
    needs_database: bool


_examinations: list[_Examination] = []

NOT_EXAMINED: Final = Finding(
    "not_examined",
    State.NOT_ASKED,
    "not examined: it takes a database that answers and has every migration",
)


def examines(
    group: str, *, name: str = "", needs_database: bool = False
) -> Callable[[Examine], Examine]:
    """Register an examination; one that `needs_database` is put off until that is migrated.

    It is called by its `name`, else by that of its group, where it can't be made.
    """

    def register(examine: Examine) -> Examine:
        _examinations.append(_Examination(group, name or group, examine, needs_database))
        return examine

    return register


def examine_all(examined: Examined) -> dict[str, list[Finding]]:
    """Return what every examination finds, by group. Raises nothing.

    Not to be called inside a transaction: providers are asked.
    """
    autodiscover_modules("doctor")
    found = {"Database": [*examine_database()]}
    is_usable = all(each.state is State.OK for each in found["Database"])
    for one in _examinations:
        findings = found.setdefault(one.group, [])
        # Each would wait anew for a database that does not answer.
        if is_usable or not one.needs_database:
            findings.extend(_findings(one, examined))
        elif NOT_EXAMINED not in findings:
            findings.append(NOT_EXAMINED)
    return found


def _findings(one: _Examination, examined: Examined) -> Iterator[Finding]:
    try:
        yield from one.examine(examined)
    # Whatever it is: the others' findings are wanted the more, and nobody reads a traceback here.
    except Exception as error:  # noqa: BLE001
        # So that the next examination is not refused for this one's failure.
        if isinstance(error, Error):
            connection.close()
        yield Finding(
            "examination_failed",
            State.ATTENTION,
            f"{one.name}: this could not be examined: {type(error).__name__}: "
            f"{without_secrets(str(error)).strip()}",
            "Mend what it names, and run this again.",
        )
