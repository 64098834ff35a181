"""The look of the screens: unfold's in a project that has it, and Django's own in any other.

This is the one place that asks which. Everything else takes its base class, its actions, its
filters and its widgets from here, and need not know.
"""

from typing import TYPE_CHECKING

from django.apps import apps

# Read when the admin is discovered, after every app has loaded. A type checker sees one look.
if TYPE_CHECKING or apps.is_installed("unfold"):
    from webhooks.admin.unfold_look import (
        FORM_TEMPLATE,
        LABEL_TEMPLATE,
        Checkbox,
        InfinitePaginator,
        ModelAdmin,
        Textarea,
        TextInput,
        action,
    )
else:
    from webhooks.admin.plain_look import (
        FORM_TEMPLATE,
        LABEL_TEMPLATE,
        Checkbox,
        InfinitePaginator,
        ModelAdmin,
        Textarea,
        TextInput,
        action,
    )

# An app of its own: a project may have unfold without it, and then lacks its templates.
if TYPE_CHECKING or apps.is_installed("unfold.contrib.filters"):
    from webhooks.admin.unfold_filters import (
        BooleanFilter,
        ChoiceFilter,
        DateRangeFilter,
        DropdownFilter,
        TextFilter,
    )
else:
    from webhooks.admin.plain_filters import (
        BooleanFilter,
        ChoiceFilter,
        DateRangeFilter,
        DropdownFilter,
        TextFilter,
    )

__all__ = [
    "FORM_TEMPLATE",
    "LABEL_TEMPLATE",
    "BooleanFilter",
    "Checkbox",
    "ChoiceFilter",
    "DateRangeFilter",
    "DropdownFilter",
    "InfinitePaginator",
    "ModelAdmin",
    "TextFilter",
    "TextInput",
    "Textarea",
    "action",
]
