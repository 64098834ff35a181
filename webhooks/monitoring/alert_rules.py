"""The rules by which alerts are raised: what each is called, and how it finds what it is about.

Apps register theirs when they are made ready. A rule's name and title are public: Prometheus' rules
and the runbook's sections are called by them.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from webhooks import conf
from webhooks.models import Alert

Severity = Alert.Severity
Terms = conf.AlertPolicy


@dataclass(frozen=True, slots=True)
class Finding:
    """A condition as it is now; `since` is None where only the evaluations can tell."""

    text: str
    subject: str = ""
    count: int = 0
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """What a rule is given to find by: the moment, its own terms, and its alerts that are open.

    Who looks `once` can't wait and see if something lasts: it counts at once.
    """

    now: datetime
    terms: Terms
    open: Mapping[str, Alert]
    once: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule. `find` asks bounded questions, outside any transaction.

    `unit` is what its threshold counts, `resolved` the message that it is over.
    """

    name: str
    title: str
    severity: Severity
    terms: Terms
    unit: str
    resolved: str
    find: Callable[[Look], Iterable[Finding]]

    @property
    def anchor(self) -> str:
        """The place of its section in docs/runbook.md."""
        return self.title.lower().replace(" ", "-")


RULES: Final[dict[str, Rule]] = {}
"""By their names, in the order in which they were registered."""


def register(*rules: Rule) -> None:
    """Have rules evaluated; one of the same name is replaced."""
    RULES.update({rule.name: rule for rule in rules})


def title_of(name: str) -> str:
    """Return a rule's title, also of one that nobody registers any more."""
    return RULES[name].title if name in RULES else name.replace("_", " ").capitalize()


def in_force() -> dict[str, Terms]:
    """Return the terms of each rule that is not switched off."""
    terms = {name: conf.alert_terms(name, rule.terms) for name, rule in RULES.items()}
    return {name: each for name, each in terms.items() if each is not None}
