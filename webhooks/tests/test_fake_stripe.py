"""The small Stripe, as Stripe's own client and a webhook receiver see it."""

import ast
import json
import random
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Condition, Thread
from typing import Any, get_args

import pytest
import stripe
from stripe.params import WebhookEndpointCreateParams

from webhooks.testing import recordings
from webhooks.testing.fake_stripe import (
    CURRENT,
    OLD,
    Account,
    Fault,
    Policy,
    Served,
    WebhookEndpoint,
    World,
    checkouts,
    customers,
    deliverable,
    disputes,
    invoices,
    payments,
    payouts,
    random_story,
    refunds,
    serve,
    subscription_pauses,
    subscriptions,
    truth,
)
from webhooks.testing.fake_stripe.faults import FaultKind
from webhooks.testing.fake_stripe.forms import parse
from webhooks.testing.fake_stripe.problems import ApiError
from webhooks.testing.fake_stripe.shapes import difference, restored
from webhooks.testing.fake_stripe.webhook_endpoints import event_types

pytestmark = pytest.mark.one_database

NOON = 1_790_000_000
STORIES = 50
STEPS = 60
SECRET = "whsec_receiver"
PATIENCE = 10

Json = dict[str, Any]


@pytest.fixture
def world() -> World:
    return World(seed=1, now=NOON)


@pytest.fixture
def account(world: World) -> Account:
    return world.account()


@pytest.fixture
def served(world: World) -> Iterator[Served]:
    with serve(world, policy=Policy(retries=(0.01, 0.01, 0.01))) as served:
        yield served


@pytest.fixture
def client(served: Served) -> Iterator[stripe.V1Services]:
    with connected(served.url) as services:
        yield services


@contextmanager
def connected(
    url: str, key: str = "sk_test_one", *, retries: int = 2, timeout: float = PATIENCE
) -> Iterator[stripe.V1Services]:
    http = stripe.RequestsClient(timeout=timeout)
    yield stripe.StripeClient(
        key,
        base_addresses={"api": url},
        max_network_retries=retries,
        http_client=http,
    ).v1
    http.close()  # type: ignore[no-untyped-call]


class Receiver:
    """Where webhooks go: it keeps what came, and answers as told."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.signatures: list[str] = []
        self.statuses: list[int] = []
        self.changed = Condition()

    @property
    def events(self) -> list[Json]:
        return [json.loads(body) for body in self.bodies]

    def take(self, body: bytes, headers: Mapping[str, str]) -> int:
        with self.changed:
            self.bodies.append(body)
            self.signatures.append(headers["Stripe-Signature"])
            self.changed.notify_all()
            return self.statuses.pop(0) if self.statuses else 200

    def wait_for(self, count: int) -> bool:
        with self.changed:
            return self.changed.wait_for(lambda: len(self.bodies) >= count, PATIENCE)


@contextmanager
def receiving(receiver: Receiver) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(receiver.take(body, dict(self.headers.items())))
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/webhooks"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@pytest.fixture
def hook(receiver: Receiver) -> Iterator[str]:
    with receiving(receiver) as url:
        yield url


def types(world: World, since: int = 0) -> list[str]:
    return [event["type"] for event in deliverable(world, since=since)]


def told(seed: int, steps: int = STEPS) -> World:
    world = World(seed, now=NOON)
    random_story(world, random.Random(seed), steps)  # noqa: S311
    return world


@cache
def story(seed: int) -> World:
    return told(seed)


def refused(call: Callable[[], object]) -> stripe.StripeError:
    with pytest.raises(stripe.StripeError) as caught:
        call()
    return caught.value


def test_customers_are_created_updated_and_deleted_as_stripe_does(
    client: stripe.V1Services, world: World
) -> None:
    made = client.customers.create({"email": "ada@example.com", "metadata": {"a": "1", "b": "2"}})
    client.customers.update(made.id, {"name": "Ada", "metadata": {"a": "", "c": "3"}})
    assert client.customers.retrieve(made.id).to_dict()["metadata"] == {"b": "2", "c": "3"}
    client.customers.delete(made.id)
    assert client.customers.retrieve(made.id).deleted
    assert client.customers.list().data == []
    assert types(world) == ["customer.created", "customer.updated", "customer.deleted"]
    assert deliverable(world)[1]["data"]["previous_attributes"] == {
        "metadata": {"a": "1", "c": None},
        "name": None,
    }
    assert refused(lambda: client.customers.update(made.id, {"name": "?"})).http_status == 404


def test_a_subscription_is_paid_changed_and_cancelled(
    client: stripe.V1Services, world: World
) -> None:
    customer = client.customers.create().id
    made = client.subscriptions.create(
        {
            "customer": customer,
            "items": [{"price": "price_a", "quantity": 2}, {"price": "price_b"}],
            "expand": ["latest_invoice.payments", "customer"],
        }
    )
    assert made.status == "active"
    assert made.customer == client.customers.retrieve(customer)
    assert isinstance(made.latest_invoice, stripe.Invoice)
    assert made.latest_invoice.amount_paid == 3 * 2900
    assert made.latest_invoice.payments
    [link] = made.latest_invoice.payments.data
    intent = link.payment.payment_intent
    assert isinstance(intent, str)
    [same] = client.invoice_payments.list(
        {"payment": {"type": "payment_intent", "payment_intent": intent}}
    ).data
    assert same == link
    first, second = made["items"].data
    changed = client.subscriptions.update(
        made.id,
        {
            "items": [{"id": first.id, "quantity": 5}, {"id": second.id, "deleted": True}],
            "cancel_at_period_end": True,
        },
    )
    assert [(item.id, item.quantity) for item in changed["items"].data] == [(first.id, 5)]
    assert changed.cancel_at == first.current_period_end
    assert types(world).count("customer.subscription.updated") == 2
    assert client.subscriptions.cancel(made.id).status == "canceled"
    assert refused(lambda: client.subscriptions.cancel(made.id)).code == "resource_missing"
    assert types(world)[-1] == "customer.subscription.deleted"


def test_a_payment_is_declined_then_taken_then_given_back(client: stripe.V1Services) -> None:
    made = client.payment_intents.create({"amount": 1000, "currency": "usd"})
    declined: Any = {"payment_method": "pm_card_chargeDeclined"}
    error = refused(lambda: client.payment_intents.confirm(made.id, declined))
    assert isinstance(error, stripe.CardError)
    assert error.code == "card_declined"
    paid = client.payment_intents.confirm(
        made.id, {"payment_method": "pm_card_visa", "expand": ["latest_charge"]}
    )
    assert paid.status == "succeeded"
    assert isinstance(paid.latest_charge, stripe.Charge)
    client.refunds.create({"payment_intent": made.id, "amount": 400})
    charge = client.charges.retrieve(paid.latest_charge.id)
    assert (charge.amount_refunded, charge.refunded) == (400, False)
    too_much = refused(lambda: client.refunds.create({"charge": charge.id, "amount": 601}))
    assert too_much.http_status == 400
    client.refunds.create({"charge": charge.id})
    again = refused(lambda: client.refunds.create({"charge": charge.id}))
    assert again.code == "charge_already_refunded"


def test_money_that_is_held_is_captured_or_released(
    client: stripe.V1Services, world: World
) -> None:
    made = client.payment_intents.create(
        {
            "amount": 1000,
            "currency": "usd",
            "capture_method": "manual",
            "payment_method": "pm_card_visa",
            "confirm": True,
        }
    )
    assert (made.status, made.amount_capturable) == ("requires_capture", 1000)
    assert (
        client.payment_intents.capture(made.id, {"amount_to_capture": 600}).amount_received == 600
    )
    error = refused(lambda: client.payment_intents.cancel(made.id))
    assert error.code == "payment_intent_unexpected_state"
    assert types(world)[-3:] == ["charge.updated", "charge.captured", "payment_intent.succeeded"]


def test_a_checkout_makes_what_its_mode_says(client: stripe.V1Services, world: World) -> None:
    made = client.checkout.sessions.create(
        {
            "mode": "subscription",
            "line_items": [{"price": "price_a", "quantity": 3}],
            "client_reference_id": "user-1",
            "subscription_data": {"metadata": {"user": "1"}},
            "success_url": "https://example.com/",
        }
    )
    assert made.url
    assert types(world) == []
    checkouts.complete(world.account(), made.id)
    done = client.checkout.sessions.retrieve(made.id, {"expand": ["subscription"]})
    assert (done.status, done.payment_status) == ("complete", "paid")
    assert isinstance(done.subscription, stripe.Subscription)
    assert done.subscription.to_dict()["metadata"] == {"user": "1"}
    assert types(world)[0] == "customer.created"
    assert types(world)[-1] == "checkout.session.completed"
    left = client.checkout.sessions.create(
        {"mode": "payment", "line_items": [{"price": "price_once", "quantity": 1}]}
    )
    assert client.checkout.sessions.expire(left.id).status == "expired"
    assert refused(lambda: client.checkout.sessions.expire(left.id)).http_status == 400
    portal = client.billing_portal.sessions.create({"customer": str(done.customer)})
    assert portal.url.startswith("https://billing.stripe.com/")


def test_every_mode_and_account_is_a_world_of_its_own(served: Served, world: World) -> None:
    with connected(served.url) as test, connected(served.url, "sk_live_one") as live:
        own = test.customers.create().id
        error = refused(lambda: live.customers.retrieve(own))
        assert error.code == "resource_missing"
        assert "exists in test mode" in str(error)
        assert live.customers.create().livemode
        connect: stripe.RequestOptions = {"stripe_account": "acct_9"}
        other = test.customers.create(options=connect).id
        assert refused(lambda: test.customers.retrieve(other)).http_status == 404
        assert test.customers.retrieve(other, options=connect).id == other
        assert [event.account for event in test.events.list(options=connect)] == ["acct_9"]
        assert len(test.events.list().data) == 1
    known = {(key[0], key[1]) for key in truth(world)}
    assert known == {("", False), ("", True), ("acct_9", False)}


def test_parameters_come_in_brackets() -> None:
    assert parse("a=1&b[c]=2&b[d][e]=3&f[]=4&f[]=5&g[1][h]=7&g[0][h]=6&i[j]=") == {
        "a": "1",
        "b": {"c": "2", "d": {"e": "3"}},
        "f": ["4", "5"],
        "g": [{"h": "6"}, {"h": "7"}],
        "i": {"j": ""},
    }
    with pytest.raises(ApiError):
        parse("a=1&a[b]=2")


@pytest.mark.parametrize(
    "authorization", ["", "Bearer ", "Bearer pk_test_1", "Basic !", "Bearer x"]
)
def test_without_a_key_nothing_is_told(served: Served, authorization: str) -> None:
    request = urllib.request.Request(f"{served.url}/v1/events")  # noqa: S310
    request.add_header("Authorization", authorization)
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request)  # noqa: S310
    with caught.value as refusal:
        assert refusal.code == 401
        assert json.load(refusal)["error"]["type"] == "invalid_request_error"
        assert refusal.headers["Request-Id"].startswith("req_")


@pytest.mark.parametrize(
    ("method", "path", "params", "code", "param"),
    [
        ("post", "/v1/customers", {"nmae": "x"}, "parameter_unknown", "nmae"),
        ("post", "/v1/payment_intents", {"amount": 5}, "parameter_missing", "currency"),
        (
            "post",
            "/v1/payment_intents",
            {"amount": "5.5", "currency": "usd"},
            "parameter_invalid_integer",
            "amount",
        ),
        ("post", "/v1/subscriptions", {"customer": "cus_1"}, "parameter_missing", "items"),
        ("post", "/v1/customers", {"metadata": "x"}, "parameter_invalid", "metadata"),
        (
            "post",
            "/v1/subscriptions",
            {"customer": "cus_1", "items": [3]},
            "parameter_missing",
            "items[0][price]",
        ),
        ("post", "/v1/checkout/sessions", {"mode": "gift"}, "parameter_invalid", "mode"),
        ("get", "/v1/events", {"limit": 101}, "parameter_invalid_integer", "limit"),
        ("get", "/v1/events", {"created": {"near": 3}}, "parameter_unknown", "created[near]"),
        ("get", "/v1/nothing", {}, None, None),
        ("get", "/v1/invoices/in_1", {}, "resource_missing", "id"),
    ],
)
def test_what_makes_no_sense_is_refused(
    served: Served, method: Any, path: str, params: Json, code: str | None, param: str | None
) -> None:
    client = stripe.StripeClient("sk_test_one", base_addresses={"api": served.url})
    error = refused(lambda: client.raw_request(method, path, **params))
    assert isinstance(error, stripe.InvalidRequestError)
    assert (error.code, error.param) == (code, param)


def test_events_are_paged_both_ways(client: stripe.V1Services, world: World) -> None:
    account = world.account()
    made = [customers.create(account)["id"] for _ in range(25)]
    newest_first = list(client.events.list({"limit": 4}).auto_paging_iter())
    assert [event.data.object["id"] for event in newest_first] == made[::-1]
    first = newest_first[-1].id
    later = client.events.list({"limit": 4, "ending_before": first})
    assert later.has_more
    assert [event.data.object["id"] for event in later.auto_paging_iter()] == made[1:]
    last = client.events.list({"limit": 24, "starting_after": newest_first[0].id})
    assert not last.has_more


def test_events_are_found_by_type_and_time(client: stripe.V1Services, world: World) -> None:
    account, start = world.account(), world.now
    customer = customers.create(account)["id"]
    world.advance(10)
    customers.update(account, customer, name="Ada")
    world.advance(10)
    customers.delete(account, customer)

    def found(**params: Any) -> list[str]:
        return [event.type for event in client.events.list(params).data]  # type: ignore[arg-type]

    assert found(type="customer.updated") == ["customer.updated"]
    assert found(types=["customer.deleted", "customer.created"]) == [
        "customer.deleted",
        "customer.created",
    ]
    assert found(created={"gt": start, "lt": start + 20}) == ["customer.updated"]
    assert found(created={"gte": start + 20}) == ["customer.deleted"]
    assert found(created={"lte": start}) == found(created=start) == ["customer.created"]
    assert refused(lambda: found(types=["a"], type="b")).http_status == 400
    assert refused(lambda: found(types=["a"] * 21)).http_status == 400


def test_events_are_forgotten_after_30_days(client: stripe.V1Services, world: World) -> None:
    account = world.account()
    customers.create(account)
    world.advance(30 * 24 * 3600)
    [event] = client.events.list().data
    assert client.events.retrieve(event.id) == event
    world.advance(1)
    assert client.events.list().data == []
    assert refused(lambda: client.events.retrieve(event.id)).http_status == 404


def test_a_key_is_executed_once(client: stripe.V1Services, world: World) -> None:
    key: stripe.RequestOptions = {"idempotency_key": "k1"}
    first = client.customers.create({"name": "Ada"}, options=key)
    again = client.customers.create({"name": "Ada"}, options=key)
    assert again.id == first.id
    assert again.last_response
    assert first.last_response
    assert again.last_response.headers["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first.last_response.headers
    assert types(world) == ["customer.created"]
    assert deliverable(world)[0]["request"]["idempotency_key"] == "k1"
    others: list[Callable[[], object]] = [
        lambda: client.customers.create({"name": "Bob"}, options=key),
        lambda: client.customers.update(first.id, {"name": "Ada"}, options=key),
    ]
    for other in others:
        error = refused(other)
        assert isinstance(error, stripe.IdempotencyError)
        assert error.http_status == 400


def test_a_key_belongs_to_its_account_and_mode(served: Served, world: World) -> None:
    key: stripe.RequestOptions = {"idempotency_key": "k1"}
    elsewhere: stripe.RequestOptions = {"idempotency_key": "k1", "stripe_account": "acct_1"}
    with connected(served.url) as test, connected(served.url, "sk_live_x") as live:
        made = [test.customers.create(options=key), live.customers.create(options=key)]
        made.append(test.customers.create(options=elsewhere))
    assert len({each.id for each in made}) == 3


def test_a_key_lives_for_a_day(client: stripe.V1Services, world: World) -> None:
    key: stripe.RequestOptions = {"idempotency_key": "k1"}
    first = client.customers.create(options=key)
    world.advance(24 * 3600 - 1)
    assert client.customers.create(options=key).id == first.id
    world.advance(1)
    assert client.customers.create(options=key).id != first.id


def test_what_never_began_uses_no_key_up(client: stripe.V1Services) -> None:
    key: stripe.RequestOptions = {"idempotency_key": "k1"}
    params: Any = {"amount": 5}
    assert refused(lambda: client.payment_intents.create(params, options=key)).http_status == 400
    params["currency"] = "usd"
    assert client.payment_intents.create(params, options=key).amount == 5
    too_long: stripe.RequestOptions = {"idempotency_key": "k" * 256}
    assert refused(lambda: client.customers.create(options=too_long)).http_status == 400


def test_a_refusal_in_the_work_is_repeated(client: stripe.V1Services, world: World) -> None:
    key: stripe.RequestOptions = {"idempotency_key": "k1"}
    made = client.payment_intents.create({"amount": 5, "currency": "usd"})
    params: stripe.params.PaymentIntentConfirmParams = {"payment_method": "pm_card_chargeDeclined"}
    for _ in range(2):
        confirm = lambda: client.payment_intents.confirm(made.id, params, options=key)  # noqa: E731
        assert isinstance(refused(confirm), stripe.CardError)
    assert types(world).count("charge.failed") == 1


def test_a_key_in_use_is_a_conflict(served: Served, world: World) -> None:
    world.faults.add(Fault("hold", "POST", "/v1/customers"))
    key: stripe.RequestOptions = {"idempotency_key": "k1"}
    with connected(served.url, retries=0) as client, ThreadPoolExecutor(1) as pool:
        slow = pool.submit(client.customers.create, options=key)
        assert world.faults.wait_until_waiting()
        error = refused(lambda: client.customers.create(options=key))
        assert error.http_status == 409
        assert "in-progress" in str(error)
        world.faults.release()
        made = slow.result(PATIENCE)
        assert client.customers.create(options=key).id == made.id
    assert types(world) == ["customer.created"]


@pytest.mark.parametrize(
    ("kind", "calls"), [("error_before", 2), ("drop_after", 2), ("key_in_use", 2)]
)
def test_stripes_client_gets_over_it(
    client: stripe.V1Services, world: World, kind: FaultKind, calls: int
) -> None:
    world.faults.add(Fault(kind, "POST", "/v1/customers"))
    made = client.customers.create({"name": "Ada"})
    assert world.faults.count("POST", "/v1/customers") == calls
    assert types(world) == ["customer.created"]
    assert client.customers.retrieve(made.id).name == "Ada"


def test_an_error_after_the_work_stays_an_error(client: stripe.V1Services, world: World) -> None:
    world.faults.add(Fault("error_after", "POST", "/v1/customers"))
    error = refused(client.customers.create)
    assert isinstance(error, stripe.APIError)
    assert error.http_status == 500
    assert world.faults.count("POST", "/v1/customers") == 3
    assert types(world) == ["customer.created"]


def test_a_rate_limited_call_does_nothing(client: stripe.V1Services, world: World) -> None:
    world.faults.add(Fault("rate_limit", path="/v1/cust", times=2))
    for _ in range(2):
        assert isinstance(refused(client.customers.list), stripe.RateLimitError)
    assert client.customers.list().data == []
    assert client.events.list().data == []


@pytest.mark.parametrize(("kind", "made"), [("timeout_before", 0), ("timeout_after", 1)])
def test_a_call_can_time_out_before_or_after_it_was_done(
    served: Served, world: World, kind: FaultKind, made: int
) -> None:
    world.faults.add(Fault(kind, "POST", "/v1/customers"))
    with connected(served.url, retries=0, timeout=0.2) as client:
        assert isinstance(refused(client.customers.create), stripe.APIConnectionError)
    assert world.faults.wait_until_waiting()
    assert len(types(world)) == made
    world.faults.release()
    with connected(served.url) as client:
        assert client.customers.create()


def test_a_refusal_is_kept_under_its_key_and_nothing_is_done(served: Served, world: World) -> None:
    told = {"type": "card_error", "code": "card_declined", "message": "No."}
    world.faults.add(Fault("refuse", "POST", status=402, error=told))
    key: stripe.RequestOptions = {"idempotency_key": "k1"}
    with connected(served.url) as client:
        for _ in range(2):
            error = refused(lambda: client.customers.create(options=key))
            assert (type(error), error.code) == (stripe.CardError, "card_declined")
        assert types(world) == []
        assert client.customers.create()


def test_a_response_can_be_garbled_after_the_call_was_done(
    client: stripe.V1Services, world: World
) -> None:
    world.faults.add(Fault("garble_after"))
    assert refused(client.customers.create).http_status == 200
    assert types(world) == ["customer.created"]


def test_an_outdated_response_can_be_served_once_more(
    client: stripe.V1Services, world: World
) -> None:
    customers.create(world.account())
    world.faults.add(Fault("repeat", skip=1))
    first = client.customers.list()
    customers.create(world.account())
    assert client.customers.list() == first
    assert len(client.customers.list().data) == 2


def test_an_event_made_up_elsewhere_is_listed(client: stripe.V1Services, world: World) -> None:
    customers.create(world.account())
    [event] = deliverable(world)
    world.take_up({**event, "id": "evt_1"}, account="acct_1", pending=1)
    world.take_up({**event, "id": "evt_2"})
    assert [one.id for one in client.events.list().data] == ["evt_2", event["id"]]
    [theirs] = client.events.list(options={"stripe_account": "acct_1"}).data
    assert (theirs.id, theirs.pending_webhooks) == ("evt_1", 1)


def test_a_line_item_may_bring_inline_price_data(client: stripe.V1Services) -> None:
    book = {"currency": "usd", "unit_amount": 900, "product_data": {"name": "A book"}}
    params: Any = {"mode": "payment", "line_items": [{"price_data": book, "quantity": 2}]}
    assert client.checkout.sessions.create(params).amount_total == 1800


def test_no_story_goes_on_past_the_end(world: World) -> None:
    world.until = world.now + 7200
    random_story(world, random.Random(1), 200, pauses=(60, 600))  # noqa: S311
    assert world.until - 600 < world.now <= world.until


def test_a_server_that_goes_away_leaves_no_connection_open(world: World) -> None:
    with ExitStack() as life:
        url = life.enter_context(serve(world)).url
        with connected(url, retries=0) as client:
            client.customers.create()
            life.close()
            assert isinstance(refused(client.customers.create), stripe.APIConnectionError)
    assert types(world) == ["customer.created"]


def test_a_fault_waits_for_what_it_is_meant_for(client: stripe.V1Services, world: World) -> None:
    world.faults.add(Fault("rate_limit", "POST", "/v1/refunds"))
    assert client.customers.create()
    world.faults.clear()
    error = refused(lambda: client.refunds.create({"charge": "ch_1"}))
    assert error.code == "resource_missing"


def test_a_trial_ends_unpaid_and_recovers(world: World, account: Account) -> None:
    customer = customers.create(account)["id"]
    own_id = subscriptions.create(account, customer, trial_days=14)["id"]
    assert account.get("subscription", own_id)["status"] == "trialing"
    subscriptions.announce_trial_end(account, own_id)
    world.advance(14 * 24 * 3600)
    assert subscriptions.renew(account, own_id, "failed")["status"] == "past_due"
    assert account.get("customer", customer)["delinquent"]
    statuses = [
        event["data"]["object"]["status"]
        for event in deliverable(world)
        if event["type"].startswith("customer.subscription.")
    ]
    assert statuses == ["trialing", "trialing", "active", "past_due"]
    bill = account.get("invoice", account.get("subscription", own_id)["latest_invoice"])
    assert (bill["attempt_count"], bill["attempted"]) == (1, True)
    assert bill["next_payment_attempt"] == world.now + 3 * 24 * 3600
    assert subscriptions.give_up(account, own_id)["status"] == "unpaid"
    before = len(world.events)
    assert subscriptions.collect(account, own_id)["status"] == "active"
    assert not account.get("customer", customer)["delinquent"]
    assert types(world, before) == [
        "charge.succeeded",
        "payment_intent.succeeded",
        "invoice.updated",
        "invoice.paid",
        "invoice.payment_succeeded",
        "invoice_payment.paid",
        "customer.subscription.updated",
        "customer.updated",
    ]


def test_a_first_payment_waits_then_expires(account: Account, world: World) -> None:
    customer = customers.create(account)["id"]
    made = subscriptions.create(account, customer, outcome="requires_action")
    assert made["status"] == "incomplete"
    assert subscriptions.expire(account, made["id"])["status"] == "incomplete_expired"
    assert account.get("invoice", made["latest_invoice"])["status"] == "void"
    assert types(world)[-4:] == [
        "payment_intent.canceled",
        "invoice.updated",
        "invoice.voided",
        "customer.subscription.updated",
    ]


def test_an_uncollectible_invoice_is_paid_after_all(account: Account) -> None:
    customer = customers.create(account)["id"]
    invoice = invoices.create(account, customer, 500)["id"]
    invoices.finalize(account, invoice)
    invoices.mark_uncollectible(account, invoice)
    paid = invoices.pay(account, invoice)
    assert (paid["status"], paid["amount_remaining"]) == ("paid", 0)
    assert all(paid["status_transitions"][name] for name in ("marked_uncollectible_at", "paid_at"))


def test_a_refund_that_fails_gives_the_amount_back(account: Account, world: World) -> None:
    intent = payments.create(account, 1000)["id"]
    charge = payments.confirm(account, intent)["latest_charge"]
    refund = refunds.create(account, charge, 300, pending=True)["id"]
    refunds.succeed(account, refund)
    refunds.fail(account, refund)
    assert account.get("charge", charge)["amount_refunded"] == 0
    assert types(world)[-7:] == [
        "refund.created",
        "charge.refunded",
        "refund.updated",
        "charge.refund.updated",
        "refund.updated",
        "charge.refund.updated",
        "refund.failed",
    ]


def test_a_lost_dispute_is_won(account: Account, world: World) -> None:
    charge = payments.confirm(account, payments.create(account, 1000)["id"])["latest_charge"]
    before = len(world.events)
    own_id = disputes.create(account, charge)["id"]
    disputes.submit(account, own_id)
    disputes.close(account, own_id, "lost")
    won = disputes.close(account, own_id, "won")
    assert [each["amount"] for each in won["balance_transactions"]] == [-1000, 1000]
    assert [name.removeprefix("charge.dispute.") for name in types(world, before)] == [
        "created",
        "funds_withdrawn",
        "updated",
        "updated",
        "closed",
        "updated",
        "closed",
        "funds_reinstated",
    ]


def test_a_paid_payout_fails(account: Account, world: World) -> None:
    own_id = payouts.create(account, 1000)["id"]
    payouts.send(account, own_id)
    payouts.pay(account, own_id)
    assert payouts.fail(account, own_id)["failure_code"] == "account_closed"
    assert types(world)[-4:] == ["payout.updated", "payout.paid", "payout.updated", "payout.failed"]


@pytest.mark.parametrize("outcome", ["succeeded", "failed"])
def test_a_checkout_is_paid_later_or_never(account: Account, world: World, outcome: Any) -> None:
    own_id = checkouts.create(account)["id"]
    waiting = checkouts.complete(account, own_id, paid=False)
    assert waiting["payment_status"] == "unpaid"
    assert account.get("subscription", waiting["subscription"])["status"] == "active"
    settled = checkouts.settle(account, own_id, outcome)
    assert settled["payment_status"] == ("paid" if outcome == "succeeded" else "unpaid")
    status = account.get("subscription", waiting["subscription"])["status"]
    assert status == ("active" if outcome == "succeeded" else "past_due")
    assert types(world)[-1] == f"checkout.session.async_payment_{outcome}"


def test_a_pause_and_a_cancellation_are_undone(account: Account) -> None:
    customer = customers.create(account)["id"]
    made = subscriptions.create(account, customer)
    subscription_pauses.pause_collection(account, made["id"])
    subscription_pauses.cancel_later(account, made["id"])
    subscription_pauses.resume_collection(account, made["id"])
    assert subscription_pauses.keep(account, made["id"]) == made


def test_events_come_as_they_were_recorded() -> None:
    """The bill of a subscription, against bills that Stripe has really written."""
    known_stories = recordings.recorded_stories().items()
    stories = [told for name, told in known_stories if name.startswith("sequences-2025/")]
    if not stories:
        pytest.skip("no recorded events are at hand")
    world = World(1, now=NOON)
    account = world.account()
    invoices_of(account)
    ours = [event for event in deliverable(world) if event["type"].startswith("invoice.")]
    for told in stories:
        theirs = [
            event
            for event in told
            if event["type"].startswith("invoice.") and event["data"]["object"]["status"] != "draft"
        ][:5]
        assert [event["type"] for event in theirs] == [event["type"] for event in ours[1:]]
        for mine, recorded in zip(ours[1:], theirs, strict=True):
            previous = recorded["data"].get("previous_attributes", {})
            assert set(previous) <= set(mine["data"].get("previous_attributes", {}))
            assert ("previous_attributes" in mine["data"]) == bool(previous)
            known = set(mine["data"]["object"])
            assert known - set(recorded["data"]["object"]) <= {"customer_account"}
            assert set(recorded["data"]["object"]) <= known


def invoices_of(account: Account) -> None:
    customer = customers.create(account)["id"]
    invoices.pay(
        account, invoices.finalize(account, invoices.create(account, customer, 500)["id"])["id"]
    )


def test_other_prices_keep_the_items_that_stay(account: Account) -> None:
    customer = customers.create(account)["id"]
    made = subscriptions.create(account, customer, [("price_a", 1), ("price_b", 1)])
    a, b = (item["id"] for item in made["items"]["data"])

    def held(*items: tuple[str, int]) -> dict[str, tuple[str, int]]:
        changed = subscriptions.change(account, made["id"], items)["items"]["data"]
        return {item["id"]: (item["price"]["id"], item["quantity"]) for item in changed}

    assert held(("price_b", 2)) == {b: ("price_b", 2)}
    assert held(("price_c", 1)) == {b: ("price_c", 1)}
    [new, kept] = held(("price_d", 1), ("price_c", 1)).items()
    assert kept == (b, ("price_c", 1))
    assert new[0] not in (a, b)


def test_it_stands_on_the_standard_library_alone() -> None:
    for path in (Path(__file__).parents[1] / "testing" / "fake_stripe").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import | ast.ImportFrom):
                module = node.module if isinstance(node, ast.ImportFrom) else node.names[0].name
                assert module
                known = module.split(".")[0] in sys.stdlib_module_names
                assert known or module.startswith("webhooks.testing.fake_stripe")


def test_the_same_seed_tells_the_same_story() -> None:
    assert deliverable(told(7)) == deliverable(told(7))
    assert deliverable(told(7)) != deliverable(told(8))


@pytest.mark.parametrize("api_version", [CURRENT, OLD])
def test_previous_attributes_lead_back(api_version: str) -> None:
    checked = 0
    for seed in range(STORIES):
        versions: dict[str, list[Json]] = {}
        for event in deliverable(story(seed), api_version=api_version):
            subject = event["data"]["object"]
            known = versions.setdefault(subject["id"], [])
            if not known or known[-1] != subject:
                known.append(subject)
            tells = event["type"].endswith(".updated") or event["type"] == "charge.refunded"
            assert ("previous_attributes" in event["data"]) == tells
            if not tells:
                continue
            previous = event["data"]["previous_attributes"]
            assert previous
            before = restored(subject, previous)
            assert comparable(before) == comparable(known[-2])
            assert comparable_difference(known[-2], subject) == comparable(previous)
            checked += 1
    assert checked > STORIES * 10


# No event tells of these changes of a charge.
UNTOLD = ("dispute", "disputed", "amount_refunded", "refunded", "refunds")


def comparable(subject: Json) -> Json:
    """Without what is null, which a key that wasn't there comes back as."""
    is_charge = subject.get("object", "charge") == "charge"
    return {
        key: value
        for key, value in subject.items()
        if value is not None and not (is_charge and key in UNTOLD)
    }


def comparable_difference(before: Json, after: Json) -> Json:
    return {
        key: value
        for key, value in difference(before, after).items()
        if value is not None and key not in UNTOLD
    }


def test_the_last_event_tells_the_truth() -> None:
    for seed in range(STORIES):
        world = story(seed)
        last = {e["data"]["object"]["id"]: e["data"]["object"] for e in deliverable(world)}
        for (_, _, kind, own_id), subject in truth(world).items():
            if kind in ("charge", "checkout.session", "invoice_payment", "price"):
                continue
            subject.pop("deleted", None)
            assert last[own_id] == subject


def test_snapshots_are_not_changed_by_what_comes_later(world: World, account: Account) -> None:
    made = customers.create(account, metadata={"a": "1"})
    customer = made["id"]
    made["metadata"]["a"] = "changed by the maker"
    [before] = deliverable(world)
    before["data"]["object"]["metadata"]["a"] = "changed by the reader"
    customers.update(account, customer, metadata={"a": "2"})
    assert deliverable(world)[0]["data"]["object"]["metadata"] == {"a": "1"}


ADDED = {
    "charge.payment_method_details.us_bank_account",
    "invoice_payment.payment.payment_intent",
    "payment_intent.last_payment_error",
    "payment_intent.next_action",
    "refund.failure_balance_transaction",
    "refund.failure_reason",
    "subscription.pause_collection",
}


def test_objects_have_the_current_shape() -> None:
    samples = recordings.recorded_objects()
    if not samples:
        pytest.skip("no samples are at hand")
    seen = set()
    for seed in range(10):
        world = story(seed)
        for event in deliverable(world):
            subject = event["data"]["object"]
            assert set(event) == set(samples["event"])
            agree(subject, samples[subject["object"]], subject["object"])
        for (_, _, kind, _), subject in truth(world).items():
            subject.pop("deleted", None)
            agree(subject, samples[kind], kind)
            seen.add(kind)
    assert len(seen) == 11


def agree(ours: Any, sample: Any, where: str) -> None:
    if sample is None or ours is None or where in ADDED or where.endswith(".metadata"):
        return
    assert type(ours) is type(sample), where
    if isinstance(ours, dict) and sample:
        for key, value in ours.items():
            if f"{where}.{key}" not in ADDED:
                assert key in sample, f"{where}.{key}"
                agree(value, sample[key], f"{where}.{key}")
    if isinstance(ours, list) and ours and sample:
        agree(ours[0], sample[0], where)


def test_the_old_shape_names_what_the_new_one_moved(world: World, account: Account) -> None:
    customer = customers.create(account)["id"]
    made = subscriptions.create(account, customer)
    charge = next(account.all("charge"))["id"]
    refunds.create(account, charge, 100)
    old = {event["type"]: event for event in deliverable(world, api_version=OLD)}
    assert {event["api_version"] for event in old.values()} == {OLD}
    invoice = old["invoice.paid"]["data"]["object"]
    assert (invoice["subscription"], invoice["charge"]) == (made["id"], charge)
    assert invoice["paid"]
    assert not {"parent", "payments"} & set(invoice)
    item = made["items"]["data"][0]
    subscription = old["customer.subscription.updated"]["data"]["object"]
    assert subscription["current_period_end"] == item["current_period_end"]
    assert "current_period_end" not in subscription["items"]["data"][0]
    intent = old["payment_intent.succeeded"]["data"]["object"]
    assert intent["invoice"] == invoice["id"]
    assert [each["id"] for each in intent["charges"]["data"]] == [charge]
    refunded = old["charge.refunded"]["data"]
    assert refunded["object"]["invoice"] == invoice["id"]
    assert len(refunded["object"]["refunds"]["data"]) == 1
    assert refunded["previous_attributes"] == {
        "amount_refunded": 0,
        "refunds": {"data": [], "total_count": 0},
    }


def test_a_renewal_moves_the_period_in_both_shapes(world: World, account: Account) -> None:
    made = subscriptions.create(account, customers.create(account)["id"])
    end = made["items"]["data"][0]["current_period_end"]
    before = len(world.events)
    subscriptions.renew(account, made["id"])
    new = deliverable(world, since=before)[0]["data"]["previous_attributes"]
    old = deliverable(world, api_version=OLD, since=before)[0]["data"]["previous_attributes"]
    assert new["items"]["data"][0]["current_period_end"] == end
    assert old["current_period_end"] == end
    assert "items" not in old


def test_a_delivery_is_signed(served: Served, world: World, receiver: Receiver, hook: str) -> None:
    world.endpoints.append(WebhookEndpoint(hook, SECRET))
    with connected(served.url) as client:
        customer = client.customers.create().id
        assert served.deliveries.wait_until_idle()
        event = stripe.Webhook.construct_event(
            receiver.bodies[0], receiver.signatures[0], SECRET, 300
        )
        assert event.data.object["id"] == customer
        assert event.pending_webhooks == 1
        assert client.events.retrieve(event.id).pending_webhooks == 0


def test_a_refused_delivery_is_tried_again(
    served: Served, world: World, receiver: Receiver, hook: str
) -> None:
    world.endpoints.append(WebhookEndpoint(hook, SECRET))
    receiver.statuses = [500, 302]
    customers.create(world.account())
    assert served.deliveries.wait_until_idle()
    assert [each.status for each in served.deliveries.attempts] == [500, 302, 200]
    assert len(set(receiver.bodies)) == 1
    receiver.statuses = [500] * 4
    customers.create(world.account())
    assert served.deliveries.wait_until_idle()
    assert len(receiver.bodies) == 7
    with connected(served.url) as client:
        lost, made = client.events.list().data
        assert (lost.pending_webhooks, made.pending_webhooks) == (1, 0)
        assert client.events.list({"delivery_success": False}).data == [lost]
        assert client.events.list({"delivery_success": True}).data == [made]


def test_an_endpoint_gets_what_it_asked_for(
    served: Served, world: World, receiver: Receiver, hook: str
) -> None:
    world.endpoints.append(WebhookEndpoint(hook, SECRET, OLD, ("invoice.paid",)))
    world.endpoints.append(WebhookEndpoint(hook, SECRET, connect=True))
    own, connected_account = world.account(), world.account("acct_1")
    subscriptions.create(own, customers.create(own)["id"])
    customers.create(connected_account)
    assert served.deliveries.wait_until_idle()
    events = [(e["type"], e["api_version"], e.get("account")) for e in receiver.events]
    assert events == [("invoice.paid", OLD, None), ("customer.created", CURRENT, "acct_1")]
    assert "subscription" in receiver.events[0]["data"]["object"]


def test_deliveries_come_late_twice_shuffled_or_never(
    served: Served, world: World, receiver: Receiver, hook: str
) -> None:
    world.endpoints.append(WebhookEndpoint(hook, SECRET))
    account = world.account()

    def came(policy: Policy) -> list[int]:
        served.deliveries.follow(policy)
        start, seen = len(world.events), len(receiver.bodies)
        for _ in range(6):
            customers.create(account)
        assert served.deliveries.wait_until_idle()
        ids = [event["id"] for event in deliverable(world, since=start)]
        return [ids.index(event["id"]) for event in receiver.events[seen:]]

    assert came(Policy()) == [0, 1, 2, 3, 4, 5]
    assert came(Policy(repeat=1)) == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    assert {event["pending_webhooks"] for event in deliverable(world)} == {0}
    assert came(Policy(drop=1)) == []
    assert {event["pending_webhooks"] for event in deliverable(world, since=12)} == {1}
    shuffled = came(Policy(window=6, seed=3, quiet=PATIENCE))
    assert shuffled != sorted(shuffled) == [0, 1, 2, 3, 4, 5]
    assert sorted(came(Policy(window=4, quiet=0.01))) == [0, 1, 2, 3, 4, 5]
    served.deliveries.follow(Policy(delay=3600))
    customers.create(account)
    assert not served.deliveries.wait_until_idle(0)
    assert served.deliveries.drop() == 1


def control(url: str, command: str, given: Json | None = None, method: str = "POST") -> Json:
    body = json.dumps(given).encode() if given is not None else None
    request = urllib.request.Request(  # noqa: S310
        f"{url}/_control/{command}", data=body, method=method
    )
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310
        said: Json = json.load(answer)
        return said


def test_a_served_world_is_controlled(
    served: Served, world: World, receiver: Receiver, hook: str
) -> None:
    url = served.url
    control(url, "endpoints", {"url": hook, "secret": SECRET, "api_version": OLD})
    customer = control(url, "steps", {"step": "customers.create", "arguments": {"name": "Ada"}})
    step = {"step": "subscriptions.create", "arguments": {"customer": customer["id"]}}
    assert control(url, "steps", step)["status"] == "active"
    assert receiver.wait_for(2)
    now = control(url, "clock", method="GET")["now"]
    assert control(url, "clock", {"advance": 60}) == {"now": now + 60}
    control(url, "faults", {"kind": "rate_limit"})
    with connected(url, retries=0) as client:
        assert refused(client.customers.list).http_status == 429
    requests = control(url, "requests", method="GET")["data"]
    assert [each["path"] for each in requests] == ["/v1/customers"]
    control(url, "deliveries", {"drop": 1.0, "retries": [0.1]})
    assert control(url, "stories", {"steps": 5})["events"]
    known = control(url, "truth", method="GET")["data"]
    assert customer["id"] in {each["object"]["id"] for each in known}
    assert len(control(url, "old_events", method="GET")["data"]) == len(world.events)


@pytest.mark.parametrize(
    ("command", "given"),
    [
        ("steps", {"step": "__import__"}),
        ("steps", {"step": "customers.create", "arguments": {"account": 1}}),
        ("steps", {"step": "customers.update", "arguments": {}}),
        ("faults", {"kind": "none"}),
        ("endpoints", {"url": "http://x", "secret": "y", "api_version": "1999"}),
        ("clock", []),
        ("nothing", {}),
    ],
)
def test_a_command_that_makes_no_sense_is_refused(served: Served, command: str, given: Any) -> None:
    with pytest.raises(urllib.error.HTTPError) as caught:
        control(served.url, command, given)
    with caught.value as refusal:
        assert refusal.code in (400, 404)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_the_process_serves_until_it_is_told_to_stop(
    how: signal.Signals, receiver: Receiver, hook: str
) -> None:
    command = [sys.executable, "-m", "webhooks.testing.fake_stripe", "--port", "0"]
    command += ["--webhook", hook, "--secret", SECRET, "--api-version", OLD]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        url = process.stdout.readline().strip()
        with connected(url) as client:
            client.customers.create()
        assert receiver.wait_for(1)
        process.send_signal(how)
        assert process.wait(PATIENCE) == 0
    assert receiver.events[0]["api_version"] == OLD


def test_webhook_endpoints_are_made_shown_changed_and_deleted(
    client: stripe.V1Services, served: Served, world: World, receiver: Receiver, hook: str
) -> None:
    made = client.webhook_endpoints.create(
        {"url": hook, "enabled_events": ["customer.created"], "metadata": {"for": "us"}}
    )
    assert made.secret
    shown = client.webhook_endpoints.retrieve(made.id).to_dict()
    assert shown == {key: value for key, value in made.to_dict().items() if key != "secret"}
    assert (shown["status"], shown["api_version"]) == ("enabled", CURRENT)
    customers.create(world.account())
    customers.create(world.account(livemode=True))
    assert served.deliveries.wait_until_idle()
    [body] = receiver.bodies
    stripe.Webhook.construct_event(body, receiver.signatures[0], made.secret, 300)

    client.webhook_endpoints.update(made.id, {"disabled": True, "enabled_events": ["*"]})
    customers.create(world.account())
    assert served.deliveries.wait_until_idle()
    assert len(receiver.bodies) == 1
    [listed] = client.webhook_endpoints.list().data
    assert (listed.status, listed.enabled_events) == ("disabled", ["*"])
    with connected(served.url, "sk_live_one") as live:
        assert live.webhook_endpoints.list().data == []
    # What an endpoint has for good is no parameter of its update.
    update: Any = {"api_version": CURRENT}
    assert refused(lambda: client.webhook_endpoints.update(made.id, update)).http_status == 400
    assert client.webhook_endpoints.delete(made.id).deleted
    assert refused(lambda: client.webhook_endpoints.retrieve(made.id)).http_status == 404


@pytest.mark.parametrize(
    ("given", "param"),
    [
        ({"enabled_events": ["invoice.paid", "invoice.*"]}, "enabled_events[1]"),
        ({"enabled_events": ["invoice.payed"]}, "enabled_events[0]"),
        ({"api_version": "2026-10-29"}, "api_version"),
        ({"url": "/webhooks"}, "url"),
        ({"events": ["*"]}, "events"),
    ],
)
def test_a_webhook_endpoint_that_stripe_would_refuse_is_refused(
    client: stripe.V1Services, given: Any, param: str
) -> None:
    whole: Any = {
        "url": "https://pay.example.com/webhooks/stripe",
        "enabled_events": ["*"],
        **given,
    }
    error = refused(lambda: client.webhook_endpoints.create(whole))
    assert isinstance(error, stripe.InvalidRequestError)
    assert (error.http_status, error.param) == (400, param)


def test_event_types_are_those_of_stripes_own_client() -> None:
    [listed] = get_args(WebhookEndpointCreateParams.__annotations__["enabled_events"])
    assert {"*", *event_types()} == {*get_args(listed)}
