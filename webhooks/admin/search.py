"""Searching through indexes, and through nothing else."""

import re
from typing import Any, ClassVar, Final

from django.db.models import Q
from django.http import HttpRequest

from webhooks.admin.selections import SelectionAdmin

# Fewer than six digits would find many rows by chance.
_BEGINNING_OF_HASH: Final = re.compile(r"[0-9a-f]{6,64}")


class IndexedSearchAdmin(SelectionAdmin):
    """Left to itself, a `ModelAdmin` would read every row for parts of every word.

    Here one of `search_fields` must equal the whole text, so each needs an index. `hash_field`, of
    hexadecimal digits, must begin with it, six at least; its index must serve LIKE.
    """

    hash_field: ClassVar[str] = ""

    def get_search_results(
        self, request: HttpRequest, queryset: Any, search_term: str
    ) -> tuple[Any, bool]:
        """Return the rows found, and that none of them comes twice."""
        term = search_term.strip()
        return queryset.filter(self.found_by(request, term)) if term else queryset, False

    def found_by(self, request: HttpRequest, term: str) -> Q:
        """Return the condition that a text stands for. For subclasses to widen."""
        found = Q()
        # Each branch of the OR by an index of its own; one without would read the table for all.
        for column in self.get_search_fields(request):
            found |= Q(**{column: term})
        if self.hash_field and _BEGINNING_OF_HASH.fullmatch(term.lower()):
            found |= Q(**{f"{self.hash_field}__startswith": term.lower()})
        return found
