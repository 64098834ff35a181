"""The look of the screens in a project without unfold: Django's own admin.

What unfold brings and these screens need is made up for here: actions with addresses of their own,
and lists that never count their rows.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, ClassVar, Final, TypeVar, cast

from django import forms
from django.contrib import admin
from django.contrib.admin.views.main import PAGE_VAR, ChangeList
from django.contrib.admin.widgets import AdminTextInputWidget
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.functional import cached_property

__all__ = [
    "FORM_TEMPLATE",
    "LABEL_TEMPLATE",
    "Checkbox",
    "InfinitePaginator",
    "ModelAdmin",
    "TextInput",
    "Textarea",
    "action",
]

FORM_TEMPLATE: Final = "webhooks/plain/form.html"
LABEL_TEMPLATE: Final = "webhooks/plain/label.html"

Checkbox = forms.CheckboxInput
Textarea = forms.Textarea
TextInput = AdminTextInputWidget

Method = TypeVar("Method", bound=Callable[..., Any])

# Django's generic classes can be subscripted by a type checker, not while the program runs.
if TYPE_CHECKING:
    BaseAdmin = admin.ModelAdmin[Any]
    BasePaginator = Paginator[Any]
else:
    BaseAdmin = admin.ModelAdmin
    BasePaginator = Paginator


class InfinitePaginator(BasePaginator):
    """Counts nothing: at millions of rows, counting costs more than the page."""

    @cached_property
    def count(self) -> int:
        """More than there will ever be."""
        return 9_999_999_999


class EndlessList(ChangeList):
    """A list that knows the page before and the page after, and no number of pages."""

    previous_url = ""
    next_url = ""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        # Reads the page, which is about to be shown anyway.
        shown = len(self.result_list)
        if self.page_num > 1:
            self.previous_url = self.get_query_string({PAGE_VAR: self.page_num - 1})
        # A full last page has a link to an empty one: to know better, one would have to look.
        if shown == self.list_per_page:
            self.next_url = self.get_query_string({PAGE_VAR: self.page_num + 1})
        # Django offers "select all 9,999,999,999" where this is more than what is shown.
        self.result_count = shown


@dataclass(frozen=True, slots=True)
class Tool:
    """An action with an address of its own, as unfold describes one."""

    method: Any
    description: str
    path: str
    action_name: str


class ModelAdmin(BaseAdmin):
    """Django's `ModelAdmin`, with actions on a list (`actions_list`) and on an object's page."""

    change_list_template = "webhooks/plain/change_list.html"
    list_before_template = ""
    actions_list: ClassVar[Sequence[str]] = ()
    actions_detail: ClassVar[Sequence[str]] = ()

    class Media:
        css = {"all": ("webhooks/admin.css", "webhooks/plain.css")}  # noqa: RUF012 - as Django reads it

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return EndlessList

    def get_urls(self) -> list[URLPattern]:
        # Before the others: Django's last address takes whatever comes after a model's own.
        on_list = [self._route("", self._tool(name)) for name in self.actions_list]
        on_page = [
            self._route("<path:object_id>/", self._tool(name)) for name in self.actions_detail
        ]
        return [*on_list, *on_page, *super().get_urls()]

    # Takes what unfold's takes, as the screens override it for either.
    def get_actions_detail(self, request: HttpRequest, object_id: str) -> list[Tool]:
        """Return the actions on one object that this user may take."""
        return self._permitted(request, self.actions_detail)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        tools = self._links(self._permitted(request, self.actions_list))
        return super().changelist_view(request, {**(extra_context or {}), "page_tools": tools})

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        context = dict(extra_context or {})
        if object_id:
            tools = self.get_actions_detail(request, object_id)
            context["page_tools"] = self._links(tools, object_id)
        return super().changeform_view(request, object_id, form_url, context)

    def _tool(self, name: str) -> Tool:
        method = getattr(self, name)
        opts = self.model._meta
        return Tool(
            method,
            method.short_description,
            method.url_path,
            f"{opts.app_label}_{opts.model_name}_{name}",
        )

    def _route(self, prefix: str, tool: Tool) -> URLPattern:
        view = self.admin_site.admin_view(tool.method)
        route: URLPattern = path(f"{prefix}{tool.path}/", view, name=tool.action_name)
        return route

    def _permitted(self, request: HttpRequest, names: Sequence[str]) -> list[Tool]:
        return [
            tool
            for tool in map(self._tool, names)
            if _may(self, request, tool.method.allowed_permissions)
        ]

    def _links(self, tools: Sequence[Tool], *args: str) -> list[tuple[str, str]]:
        site = self.admin_site.name
        return [
            (tool.description, reverse(f"{site}:{tool.action_name}", args=args)) for tool in tools
        ]


def action(
    *,
    description: str,
    permissions: Sequence[str],
    url_path: str | None = None,
    icon: str | None = None,
    variant: str = "default",
) -> Callable[[Method], Method]:
    """Mark a method as an action, refused to those who lack one of the permissions.

    Django's own decorator only hides an action from them; an address can be asked for all the
    same. Icons and variants are unfold's.
    """

    def mark(method: Method) -> Method:
        @wraps(method)
        def guarded(model_admin: Any, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            if not _may(model_admin, request, permissions):
                raise PermissionDenied
            return method(model_admin, request, *args, **kwargs)

        attributes = {
            "short_description": description,
            "allowed_permissions": permissions,
            "url_path": url_path,
        }
        # Where Django's `action` keeps them, so that its list of actions finds them.
        vars(guarded).update(attributes)
        return cast("Method", guarded)

    return mark


def _may(model_admin: Any, request: HttpRequest, permissions: Sequence[str]) -> bool:
    # Without the object, as Django and unfold ask: what depends on it is decided by the act.
    return all(getattr(model_admin, f"has_{name}_permission")(request) for name in permissions)
