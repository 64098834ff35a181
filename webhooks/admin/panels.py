"""The panels that a page about one object consists of."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, Protocol

from django.http import HttpRequest


class Panel(Protocol):
    """A part of a page: its template is given the panel itself, as `panel`."""

    @property
    def template(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Fact:
    """A labelled value; `wide` where it needs a line of its own."""

    label: str
    value: str
    wide: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """Facts side by side, in groups."""

    title: str
    groups: Sequence[Sequence[Fact]]
    template: ClassVar[str] = "webhooks/panels/facts.html"


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells, the same number in each as there are headers."""

    title: str
    headers: Sequence[str]
    rows: Sequence[Sequence[str]]
    empty: str = "none"
    more_url: str = ""
    template: ClassVar[str] = "webhooks/panels/table.html"

    @property
    def labelled_rows(self) -> list[list[tuple[str, str]]]:
        """Return the rows with each cell's header beside it, for screens of one cell per line."""
        return [list(zip(self.headers, row, strict=True)) for row in self.rows]


@dataclass(frozen=True, slots=True)
class Withheld:
    """A note that the page has more than this user may see. A page shows it once, at its end."""

    # Without what or how many: either would tell something of what is kept back.
    note: str = "Parts of this page are left out: your permissions do not cover them."
    template: ClassVar[str] = "webhooks/panels/withheld.html"


# What apps above can select by: they keep ids of the provider's, not keys of our tables.
@dataclass(frozen=True, slots=True)
class EventKey:
    """The identity of a page's event, and of the object that the event is about."""

    provider: str
    account: str
    livemode: bool
    event_id: str
    object_type: str
    object_id: str
    customer_id: str


# A list to append to, and no import: webhooks stands below the apps that add to its pages.
event_panels: Final[list[Callable[[HttpRequest, EventKey], Iterable[Panel]]]] = []
"""The panels that other apps add to the page of an event, after its attempts.

Append a function, in the app's own `admin`, that checks the user's permission by itself
(`may_view`), and yields `Withheld` in the place of what the user lacks one for.
"""
