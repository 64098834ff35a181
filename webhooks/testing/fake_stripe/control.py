"""Control over a served world, as JSON under `/_control/…`."""

import inspect
import json
from collections.abc import Callable
from typing import Any

from webhooks.testing.fake_stripe import (
    catalog,
    checkouts,
    customers,
    disputes,
    invoices,
    payments,
    payouts,
    refunds,
    subscription_pauses,
    subscriptions,
)
from webhooks.testing.fake_stripe.deliveries import Deliveries, Policy
from webhooks.testing.fake_stripe.events import CURRENT, OLD, deliverable, truth
from webhooks.testing.fake_stripe.faults import KINDS, Fault
from webhooks.testing.fake_stripe.problems import ApiError, invalid
from webhooks.testing.fake_stripe.records import WebhookEndpoint
from webhooks.testing.fake_stripe.shapes import Json
from webhooks.testing.fake_stripe.stories import random_story
from webhooks.testing.fake_stripe.world import World

# By name and not by reflection: only these may be called from outside.
STEPS: dict[str, Callable[..., Json]] = {
    "checkouts.complete": checkouts.complete,
    "checkouts.create": checkouts.create,
    "checkouts.expire": checkouts.expire,
    "checkouts.settle": checkouts.settle,
    "customers.create": customers.create,
    "customers.delete": customers.delete,
    "customers.update": customers.update,
    "disputes.close": disputes.close,
    "disputes.create": disputes.create,
    "disputes.submit": disputes.submit,
    "invoices.create": invoices.create,
    "invoices.finalize": invoices.finalize,
    "invoices.mark_uncollectible": invoices.mark_uncollectible,
    "invoices.pay": invoices.pay,
    "invoices.void": invoices.void,
    "payments.cancel": payments.cancel,
    "payments.capture": payments.capture,
    "payments.confirm": payments.confirm,
    "payments.create": payments.create,
    "payments.settle": payments.settle,
    "payouts.cancel": payouts.cancel,
    "payouts.create": payouts.create,
    "payouts.fail": payouts.fail,
    "payouts.pay": payouts.pay,
    "payouts.send": payouts.send,
    "prices.define": catalog.define,
    "refunds.create": refunds.create,
    "refunds.fail": refunds.fail,
    "refunds.succeed": refunds.succeed,
    "subscriptions.announce_trial_end": subscriptions.announce_trial_end,
    "subscriptions.cancel": subscriptions.cancel,
    "subscriptions.cancel_later": subscription_pauses.cancel_later,
    "subscriptions.change": subscriptions.change,
    "subscriptions.collect": subscriptions.collect,
    "subscriptions.create": subscriptions.create,
    "subscriptions.expire": subscriptions.expire,
    "subscriptions.give_up": subscriptions.give_up,
    "subscriptions.keep": subscription_pauses.keep,
    "subscriptions.pause": subscription_pauses.pause,
    "subscriptions.pause_collection": subscription_pauses.pause_collection,
    "subscriptions.renew": subscriptions.renew,
    "subscriptions.resume": subscription_pauses.resume,
    "subscriptions.resume_collection": subscription_pauses.resume_collection,
    "subscriptions.update": subscriptions.update,
}


class Control:
    """Control over a world and its deliveries from outside."""

    def __init__(self, world: World, deliveries: Deliveries) -> None:
        self.world = world
        self.deliveries = deliveries
        self._commands: dict[tuple[str, str], Callable[[Json], Any]] = {
            ("GET", "clock"): lambda _: {"now": world.now},
            ("POST", "clock"): self._advance,
            ("POST", "deliveries"): self._follow,
            ("POST", "drop"): lambda _: {"dropped": deliveries.drop()},
            ("POST", "endpoints"): self._register,
            ("GET", "events"): lambda _: {"data": deliverable(world)},
            ("GET", "old_events"): lambda _: {"data": deliverable(world, api_version=OLD)},
            ("DELETE", "faults"): self._mend,
            ("POST", "faults"): self._break,
            ("POST", "release"): self._release,
            ("GET", "requests"): self._requests,
            ("POST", "steps"): self._step,
            ("POST", "stories"): self._tell,
            ("GET", "truth"): self._truth,
        }

    def answer(self, method: str, path: str, body: str) -> Json:
        """Do a command; what comes of it. Raises `ApiError`."""
        command = self._commands.get((method, path))
        if command is None:
            raise ApiError(404, "invalid_request_error", f"No such command: {method} {path}")
        try:
            said: Json = command(json.loads(body or "{}"))
        # A body that doesn't fit the command is the caller's mistake: a 400 says how.
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise invalid(f"{path}: {error!r}") from error
        return said

    def _advance(self, given: Json) -> Json:
        self.world.advance(int(given["advance"]))
        return {"now": self.world.now}

    def _follow(self, given: Json) -> Json:
        # Tuples, as a policy can't be changed once it is made; JSON has lists alone.
        schedules = {name: tuple(given[name]) for name in given if name.endswith("retries")}
        given = given | schedules
        self.deliveries.follow(Policy(**given))
        return {}

    def _register(self, given: Json) -> Json:
        given = given | {"types": tuple(given.get("types", ("*",)))}
        given["api_version"] = version(given.get("api_version", "current"))
        with self.world.lock:
            self.world.endpoints.append(WebhookEndpoint(**given))
        return {}

    def _break(self, given: Json) -> Json:
        if given["kind"] not in KINDS:
            raise ValueError(f"kind is one of {', '.join(KINDS)}")
        self.world.faults.add(Fault(**given))
        return {}

    def _mend(self, _: Json) -> Json:
        self.world.faults.clear()
        return {}

    def _release(self, _: Json) -> Json:
        self.world.faults.release()
        return {}

    def _requests(self, _: Json) -> Json:
        return {
            "data": [
                {"idempotency_key": r.idempotency_key, "method": r.method, "path": r.path}
                for r in list(self.world.faults.requests)
            ]
        }

    def _step(self, given: Json) -> Json:
        step = STEPS[given["step"]]
        account = self.world.account(
            given.get("account", ""), livemode=given.get("livemode", False)
        )
        arguments = given.get("arguments", {})
        inspect.signature(step).bind(account, **arguments)
        return step(account, **arguments)

    def _tell(self, given: Json) -> Json:
        before = len(self.world.events)
        random_story(self.world, self.world.random, int(given["steps"]))
        return {"events": len(self.world.events) - before}

    def _truth(self, _: Json) -> Json:
        known = truth(self.world).items()
        return {
            "data": [
                {"account": account, "livemode": livemode, "object": subject}
                for (account, livemode, _kind, _id), subject in known
            ]
        }


def version(name: str) -> str:
    """Return the API version of a name: `current` or the old one. Raises `ValueError`."""
    try:
        return {"current": CURRENT, CURRENT: CURRENT, OLD: OLD}[name]
    except KeyError:
        raise ValueError(f"api_version is current or {OLD}") from None
