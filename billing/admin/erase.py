"""Erasing a customer: the form, the effect, and the report."""

from collections.abc import Iterator
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest

from billing.models import Customer
from billing.privacy.erasure import erase
from billing.privacy.outcomes import ALTERED, rows_kept
from webhooks.admin.panels import Fact, Facts
from webhooks.admin.style import Textarea, TextInput
from webhooks.admin.values import moment
from webhooks.audit import beginning_of
from webhooks.models import ErasureRequest


class EraseForm(forms.Form):
    """A customer's id, typed once more, and a reason."""

    # Typed anew, so that nobody erases the customer of another tab: it can't be undone.
    customer_id = forms.CharField(
        max_length=255,
        label="The customer's id",
        widget=TextInput(attrs={"autocomplete": "off", "autofocus": True}),
        help_text="Typed as it is above: this can't be undone.",
    )
    reason = forms.CharField(
        max_length=500,
        widget=Textarea(attrs={"rows": 2}),
        help_text="Only a keyed hash of it is kept, to prove later what it was: keep it elsewhere.",
    )

    def __init__(self, customer: Customer, *args: Any) -> None:
        super().__init__(*args)
        self.customer = customer

    def clean_customer_id(self) -> str:
        """Return the id. Raises `ValidationError` when it is not this customer's."""
        typed = str(self.cleaned_data["customer_id"])
        if typed != self.customer.provider_id:
            raise forms.ValidationError("This is not the customer's id.")
        return typed


def erasure_facts(customer: Customer) -> Iterator[Facts]:
    """Yield a panel for each time that this customer was erased."""
    for erasure in ErasureRequest.objects.filter(
        customer_id=customer.provider_id, **customer.scope
    ):
        beginning = beginning_of(erasure)
        facts = [
            Fact("Begun", moment(erasure.begun_at)),
            Fact("Ended", _ended(erasure)),
            # By the trail, as anybody's name could be put into the row.
            Fact("By", beginning.actor if beginning else "nobody on record"),
        ]
        yield Facts("Personal data erased", [facts])


def _ended(erasure: ErasureRequest) -> str:
    if erasure.finished_at:
        return moment(erasure.finished_at)
    if kept := rows_kept(erasure):
        return (
            f"not yet: rows kept, as they do not fit their seals: {kept}. `manage.py audit verify` "
            "names them; erase again once they are as they were"
        )
    # Interrupted, or more came in later: erasing again mends either.
    return "not yet: more has come, or it was interrupted; erase again"


def is_erased(customer: Customer) -> bool:
    """True when an erasure of this customer has been finished."""
    done = ErasureRequest.objects.filter(
        customer_id=customer.provider_id, finished_at__isnull=False
    )
    return done.filter(**customer.scope).exists()


def erase_customer(request: HttpRequest, form: EraseForm) -> None:
    """Erase a customer on behalf of the user, and tell the user what came of it."""
    done = erase(
        form.cleaned_data["customer_id"],
        form.customer.scope,
        actor=request.user.get_username(),
        reason=form.cleaned_data["reason"],
    )
    if kept := done.pop(ALTERED, 0):
        messages.error(
            request,
            f"{kept} rows were kept: they were altered in the database, and may still identify "
            "somebody. The audit trail names them.",
        )
    erased = ", ".join(f"{count} {name}" for name, count in sorted(done.items()))
    messages.success(request, f"Erased: {erased}." if erased else "Nothing was left to erase.")
