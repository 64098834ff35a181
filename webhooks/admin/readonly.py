"""Screens on which nothing can be changed."""

from collections.abc import Iterable
from typing import Any, ClassVar

from django.contrib.admin import ShowFacets
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.utils.text import capfirst

from webhooks.admin.panels import Panel, Withheld
from webhooks.admin.search import IndexedSearchAdmin
from webhooks.admin.style import FORM_TEMPLATE, InfinitePaginator
from webhooks.admin.values import NOTHING
from webhooks.models.permissions import may_view


class ReadOnlyAdmin(IndexedSearchAdmin):
    """A list that costs the same however long it is, and a page made of panels.

    Nobody may add, change or delete here, superusers included.
    """

    change_form_template = "webhooks/record.html"
    fields: ClassVar[tuple[str, ...]] = ()
    ordering: ClassVar[tuple[str, ...]] = ("-id",)
    # By any other column, the database would sort the whole table for one page of it.
    sortable_by: ClassVar[tuple[str, ...]] = ()
    paginator = InfinitePaginator
    show_full_result_count = False
    # Facets count the table once per choice of every filter.
    show_facets = ShowFacets.NEVER
    list_per_page = 50
    list_fullwidth = True
    list_filter_submit = True
    list_disable_select_all = True
    empty_value_display = NOTHING

    def panels(self, request: HttpRequest, obj: Any) -> Iterable[Panel]:
        """Yield what is shown of one object, from top to bottom. For subclasses.

        The user may see the object itself. What comes from other models takes their permission,
        and `Withheld` its place where the user has none.
        """
        raise NotImplementedError

    def page_context(self, request: HttpRequest, **about: Any) -> dict[str, Any]:
        """Return the context of a page of its own, such as one that asks for a reason."""
        return {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "media": self.media,
            "form_template": FORM_TEMPLATE,
            **about,
        }

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        # Left to itself, the title is an invitation to select something.
        named = {"title": capfirst(self.opts.verbose_name_plural)}
        page: HttpResponse = super().changelist_view(request, named | (extra_context or {}))
        return page

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        panels = list(self.panels(request, context["original"]))
        shown = [panel for panel in panels if not isinstance(panel, Withheld)]
        context |= {"panels": [*shown, Withheld()] if shown != panels else shown}
        page: HttpResponse = super().render_change_form(request, context, *args, **kwargs)
        return page

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        # What the filters ask is allowed. What else may be put into an address would read the whole
        # table, and tell by the rows it finds what is masked in them, or may be searched for by
        # others only.
        # Django's own filter of a yes or no asks `isnull` where neither may be stored.
        name = lookup.removesuffix("__exact").removesuffix("__isnull")
        fields = self.model._meta.fields
        columns = {column for field in fields for column in (field.name, field.attname)}
        return "__" not in name and (name not in columns or name in self._filtered_by(request))

    def _filtered_by(self, request: HttpRequest) -> set[str]:
        # A filter is a class with a parameter of its own, or a column with such a class.
        return {
            str(each[0] if isinstance(each, tuple) else getattr(each, "parameter_name", each))
            for each in self.get_list_filter(request)
        }

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        # Django takes the permission to change for it, which here means an act of its own at most.
        return may_view(request.user, self.model)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False
