"""The look of the screens in a project with unfold."""

from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

import unfold.admin
from unfold.decorators import action as unfold_action
from unfold.enums import ActionVariant
from unfold.paginator import InfinitePaginator
from unfold.widgets import UnfoldAdminTextareaWidget as Textarea
from unfold.widgets import UnfoldAdminTextInputWidget as TextInput
from unfold.widgets import UnfoldBooleanWidget as Checkbox

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

# Templates by their names, which are looked up when a page is made: unfold's tags are only ever
# loaded where unfold is.
FORM_TEMPLATE: Final = "webhooks/unfold/form.html"
LABEL_TEMPLATE: Final = "unfold/helpers/label.html"

Method = TypeVar("Method", bound=Callable[..., Any])


class ModelAdmin(unfold.admin.ModelAdmin):
    """Unfold's `ModelAdmin`, with the style sheet of the panels."""

    class Media:
        # Through the screens and not through the settings, of which a project has its own.
        css = {"all": ("webhooks/admin.css",)}  # noqa: RUF012 - as Django reads it


def action(
    *,
    description: str,
    permissions: Sequence[str],
    url_path: str | None = None,
    icon: str | None = None,
    variant: str = "default",
) -> Callable[[Method], Method]:
    """Mark a method as an action, refused to those who lack one of the permissions."""
    marked: Callable[[Method], Method] = unfold_action(
        description=description,
        permissions=permissions,
        url_path=url_path,
        icon=icon,
        # A word, so that no screen needs unfold to name it.
        variant=ActionVariant(variant),
    )
    return marked
