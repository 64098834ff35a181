"""The pages of the second factor: proving it, setting it up, and looking after it."""

from io import BytesIO
from typing import Any

import django_otp
import qrcode
import qrcode.image.svg
from django import forms
from django.contrib import admin, messages
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.debug import sensitive_post_parameters
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice
from unfold.widgets import UnfoldAdminTextInputWidget

from payments_project.staff import conf, enrolment, second_factor
from webhooks.admin.values import time_of

# Their own screens show secrets, and let whoever may change them make a second factor for others.
admin.site.unregister([TOTPDevice, StaticDevice])


class CodeInput(UnfoldAdminTextInputWidget):
    """Empty again after a wrong code."""

    # A wrong code typed again only lengthens the wait.
    def format_value(self, value: Any) -> None:
        return None


class TokenForm(forms.Form):
    """The code that the authenticator shows."""

    token = forms.CharField(
        label="Code",
        max_length=32,
        strip=True,
        widget=CodeInput(attrs={"autofocus": True, "autocomplete": "one-time-code"}),
    )


@never_cache
@csrf_protect
@sensitive_post_parameters("token")
def prove(request: HttpRequest) -> HttpResponse:
    """Ask for a code, and go on to where the user was going."""
    user = _staff(request)
    if user is None:
        return redirect_to_login(request.get_full_path(), reverse("admin:login"))
    if user.is_verified() or not second_factor.is_due(user):
        return HttpResponseRedirect(_next(request))
    if not second_factor.is_enrolled(user):
        return HttpResponseRedirect(reverse("second-factor"))
    form = TokenForm(request.POST or None)
    if form.is_valid():
        device = second_factor.prove(user, form.cleaned_data["token"], now=timezone.now())
        if device is not None:
            _let_in(request, device)
            return HttpResponseRedirect(_next(request))
        form.add_error("token", _refusal(user))
    return _page(request, "token", form=form)


@never_cache
@csrf_protect
@sensitive_post_parameters("token")
def settings(request: HttpRequest) -> HttpResponse:
    """Set the second factor up, or look after it."""
    user = _staff(request)
    if user is None:
        return redirect_to_login(request.get_full_path(), reverse("admin:login"))
    if not second_factor.is_enrolled(user):
        return _set_up(request, user)
    if not user.is_verified():
        here = request.get_full_path()
        return HttpResponseRedirect(reverse("second-factor-token", query={"next": here}))
    may_remove = conf.second_factor() is not conf.SecondFactor.REQUIRED
    if "codes" in request.POST:
        codes = second_factor.renew_codes(user, now=timezone.now())
        return _page(request, "codes", codes=codes)
    if "remove" in request.POST and may_remove:
        second_factor.remove(user, actor=user.get_username(), now=timezone.now())
        messages.success(request, "The second factor is switched off.")
        return HttpResponseRedirect(reverse("second-factor"))
    return _page(request, "kept", may_remove=may_remove)


def _set_up(request: HttpRequest, user: Any) -> HttpResponse:
    form = TokenForm(request.POST or None)
    is_required = conf.second_factor() is conf.SecondFactor.REQUIRED
    key = enrolment.shown_key(request.session, user)
    if request.method != "POST" or key is None:
        return _show_key(request, user, is_required=is_required)
    if form.is_valid():
        if confirmed := _confirm(request, user, key, form.cleaned_data["token"]):
            proven, codes = confirmed
            enrolment.end(request.session)
            _let_in(request, proven)
            return _page(request, "codes", codes=codes)
        form.add_error("token", _set_up_refusal(request))
    # Not the key once more: it is shown once, and made anew whenever one is shown.
    return _page(request, "set_up", form=form, is_required=is_required)


def _show_key(request: HttpRequest, user: Any, *, is_required: bool) -> HttpResponse:
    device = second_factor.unconfirmed(user, enrolment.begin(request.session, user))
    key = device.config_url.partition("secret=")[2].partition("&")[0]
    shown = {"qr": _qr(device), "key": key}
    return _page(request, "set_up", form=TokenForm(), is_required=is_required, **shown)


def _confirm(request: HttpRequest, user: Any, key: bytes, token: str) -> Any:
    now = timezone.now()
    if enrolment.waits_until(request.session, now=now):
        return None
    confirmed = second_factor.confirm(user, key, token, now=now)
    if confirmed is None:
        enrolment.note_wrong_code(request.session, now=now)
    return confirmed


def _staff(request: HttpRequest) -> Any:
    """Return the user who has given a password and may use the admin."""
    if conf.second_factor() is conf.SecondFactor.OFF:
        raise Http404
    return request.user if admin.site.has_permission(request) else None


def _let_in(request: HttpRequest, device: Any) -> None:
    django_otp.login(request, device)
    # As Django does at a login: a session key known before must not become one that is proven.
    request.session.cycle_key()


def _refusal(user: Any) -> str:
    until = second_factor.waits_until(user)
    text = "That is not the code, or it was used before."
    return (
        f"{text} The next is looked at after {time_of(until, timezone.now())}." if until else text
    )


def _set_up_refusal(request: HttpRequest) -> str:
    now = timezone.now()
    text = "That is not the code it shows. Is its clock right?"
    until = enrolment.waits_until(request.session, now=now)
    return f"{text} The next is looked at after {time_of(until, now)}." if until else text


def _next(request: HttpRequest) -> str:
    url = request.GET.get("next", "")
    # Or a link to this page could lead people on to somebody else's.
    is_safe = url_has_allowed_host_and_scheme(
        url, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return url if is_safe else reverse("admin:index")


def _qr(device: TOTPDevice) -> SafeString:
    # Drawn into the page: another service, asked for the picture, would learn the key.
    image = qrcode.make(device.config_url, image_factory=qrcode.image.svg.SvgPathImage, border=2)
    drawn = BytesIO()
    image.save(drawn)
    _, _, svg = drawn.getvalue().decode().partition("?>")
    return mark_safe(svg)  # noqa: S308 - drawn here, from nothing but squares


def _page(request: HttpRequest, part: str, **context: Any) -> HttpResponse:
    titles = {"token": "Second factor", "codes": "Backup codes", "kept": "Second factor"}
    return TemplateResponse(
        request,
        f"staff/second_factor/{part}.html",
        {
            **admin.site.each_context(request),
            "title": titles.get(part, "Set up a second factor"),
            **context,
        },
    )
