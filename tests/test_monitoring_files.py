"""The shipped rules and dashboard ask for metrics that there are, and lead to the runbook."""

import re

import pytest

from tests.declared_metrics import declared_metrics
from tests.documents import DOCS, anchors_of
from tests.monitoring_files import alerts, cases, panels, queries_of
from webhooks.monitoring.alert_rules import RULES

pytestmark = pytest.mark.one_database

NAME = re.compile(r"\b(?:webhooks|billing|idempotent)_\w+")
PARTS = re.compile(r"(_seconds)_(?:bucket|count|sum)$")


def test_rules_and_panels_ask_for_metrics_that_are_declared() -> None:
    asked = [rule["expr"] for rule in alerts().values()]
    asked += [query for panel in panels() for query in queries_of(panel)]
    names = {PARTS.sub(r"\1", name) for query in asked for name in NAME.findall(query)}

    # None that there is not, and none that nobody looks at.
    assert names == declared_metrics()


def test_every_alert_of_the_projects_own_is_one_of_prometheus() -> None:
    for name, rule in RULES.items():
        ours = alerts()["".join(word.title() for word in name.split("_"))]
        assert ours["annotations"]["summary"] == rule.title
        assert ours["labels"] == {"severity": rule.severity}


@pytest.mark.parametrize("alert", alerts())
def test_every_alert_says_what_to_do(alert: str) -> None:
    rule = alerts()[alert]
    document, anchor = rule["annotations"]["runbook_url"].split("#")

    assert anchor in anchors_of(DOCS.parent / document)
    assert rule["annotations"]["description"]


@pytest.mark.parametrize("alert", alerts())
def test_every_alert_has_a_case_in_which_it_is_raised_and_one_in_which_it_is_not(
    alert: str,
) -> None:
    expected = [
        [sample["labels"] for sample in asked["exp_samples"]]
        for case in cases()
        for asked in case["promql_expr_test"]
        if case["name"].split(",")[0] == alert
    ]

    assert [f'{{alertname="{alert}"}}'] in expected
    assert [] in expected
