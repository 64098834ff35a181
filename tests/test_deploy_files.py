"""What the files in `deploy` say is so: commands, variables, limits, times, rights."""

import json
import re
import shlex
from typing import Any

import pytest
from celery.app.utils import find_app
from celery.bin.celery import celery
from click import Context
from django.conf import settings
from django.core.management import get_commands, load_command_class
from django.urls import resolve
from granian.cli import cli as granian

from payments_project.environment import declared
from tests.deploy_files import (
    COMPOSE,
    DEPLOY,
    IMAGE,
    NGINX,
    SYSTEMD,
    commands,
    image,
    manifests,
    pods,
    unit,
    units,
)
from webhooks import conf

pytestmark = pytest.mark.one_database

DECLARED = {variable.name: variable for variable in declared()}
SECRETS = {name for name, variable in DECLARED.items() if variable.secret}
CARRIES_A_PASSWORD = {"DATABASE_URL"}
OTHERS = {"PATH", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE", "POD_IP"}
"""Variables that the project does not read itself."""

INGRESS_LIMITS = ("proxy-body-size", "client-body-buffer-size")


@pytest.mark.parametrize(("where", "command"), list(commands()))
def test_every_command_is_one(where: str, command: tuple[str, ...]) -> None:
    program, *arguments = command
    if program == "granian":
        told = granian.make_context("granian", arguments).params
        assert told["app"].replace(":", ".") == settings.WSGI_APPLICATION
    elif program == "celery":
        told = celery.make_context("celery", [*arguments]).params
        assert find_app(told["app"]).main == "payments"
        name, *options = arguments[2:]
        one = celery.commands[name]
        _, unknown, _ = one.make_parser(Context(one)).parse_args(options)
        assert unknown == []
    else:
        assert arguments[0] == "manage.py"
        _, name, *options = arguments
        app = get_commands()[name]
        assert isinstance(app, str)
        load_command_class(app, name).create_parser("manage.py", name).parse_args(options)


def test_every_variable_is_one_and_no_secret_has_a_value() -> None:
    common = unit(SYSTEMD / "payments-.service.d" / "common.conf")
    given = dict(line.split("=", 1) for each in common["Environment"] for line in each.split())
    given |= dict(line.split("=", 1) for line in image("ENV").split())
    for service in COMPOSE["services"].values():
        if service["image"] == "payments":
            given |= service["environment"]
    given |= manifests()["ConfigMap payments"]["data"]
    for pod in pods().values():
        for container in pod["containers"]:
            given |= {each["name"]: each for each in container.get("env", [])}
    secret = manifests()["Secret payments"]["stringData"]

    assert given.keys() - OTHERS <= DECLARED.keys()
    assert given.keys() & (SECRETS | CARRIES_A_PASSWORD) == set()
    assert secret.keys() == SECRETS | CARRIES_A_PASSWORD
    assert set(secret.values()) == {""}


def test_no_body_is_passed_on_that_the_project_refuses() -> None:
    told = manifests()["Ingress payments"]["metadata"]["annotations"]
    limits = re.findall(r"client_(?:max_body|body_buffer)_size (\w+);", NGINX)
    limits += [told[f"nginx.ingress.kubernetes.io/{name}"] for name in INGRESS_LIMITS]

    assert len(limits) == 4
    assert {int(limit.removesuffix("m")) << 20 for limit in limits} == {conf.max_body_bytes()}


def seconds(text: str) -> int:
    """Return a time as nginx and Compose write it."""
    return int(text.removesuffix("s"))


def test_whoever_is_told_to_stop_has_the_time_to_finish() -> None:
    [waits] = re.findall(r"proxy_read_timeout (\w+);", NGINX)
    services = COMPOSE["services"]
    in_pods = pods()
    web = in_pods["Deployment payments-web"]
    [before] = [
        int(each["lifecycle"]["preStop"]["exec"]["command"][1]) for each in web["containers"]
    ]
    granians = {
        "payments-web@": int(units()["payments-web@"]["TimeoutStopSec"][0]),
        "Containerfile": seconds(services["web-a"]["stop_grace_period"]),
    }
    in_kubernetes = web["terminationGracePeriodSeconds"] - before
    for where, command in commands():
        if where in granians:
            own = granian.make_context("granian", list(command[1:])).params["workers_kill_timeout"]
            assert seconds(waits) <= own < min(granians[where], in_kubernetes), where
    workers = [
        int(units()["payments-worker"]["TimeoutStopSec"][0]),
        seconds(services["worker"]["stop_grace_period"]),
        in_pods["Deployment payments-worker"]["terminationGracePeriodSeconds"],
    ]
    assert min(workers) > settings.CELERY_TASK_TIME_LIMIT
    loop = int(units()["payments-loop"]["TimeoutStopSec"][0])
    assert loop >= conf.lease().total_seconds()


def test_probes_ask_what_is_served_where_it_is() -> None:
    [image_port] = re.findall(r'"--port", "(\d+)"', image("CMD"))
    assert image("EXPOSE") == image_port
    asked = set(re.findall(r"http://127\.0\.0\.1:(\d+)(/\w+)", IMAGE))
    [web] = pods()["Deployment payments-web"]["containers"]
    [port] = web["ports"]
    assert str(port["containerPort"]) == image_port
    for kind in ("startup", "liveness", "readiness"):
        probe = web[f"{kind}Probe"]["httpGet"]
        assert probe["port"] == port["name"]
        asked.add((image_port, probe["path"]))
    assert asked == {(image_port, "/healthz"), (image_port, "/readyz")}
    assert all(resolve(path) for _, path in asked)
    # A server that is only not ready must not be ended.
    assert web["livenessProbe"]["httpGet"]["path"] == "/healthz"


def test_nginx_asks_the_servers_of_compose() -> None:
    services = COMPOSE["services"]
    [script] = [each for each in services["nginx"]["command"] if "sed" in each]
    changes = dict(re.findall(r"-e 's#([^#]+)#([^#]+)#'", script))
    servers = re.findall(r"server (127\.0\.0\.1:\d+) ", NGINX)
    wanted = [services[name]["networks"]["inside"]["ipv4_address"] for name in ("web-a", "web-b")]

    assert all(NGINX.count(shipped) == 1 for shipped in changes)
    assert [changes[each] for each in servers] == [f"{each}:8000" for each in wanted]


def test_nobody_in_compose_has_more_rights_than_are_needed() -> None:
    for name, service in COMPOSE["services"].items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["mem_limit"], name
        # The project's own image has its user.
        assert (service["image"] == "payments") != ("user" in service), name
    user, group = image("USER").split(":")
    assert min(int(user), int(group)) > 0


def test_pods_are_restricted() -> None:
    every = [pod for name, pod in pods().items() if name.endswith(" every")]
    of_ours: list[dict[str, Any]] = [each for pod in pods().values() for each in pod["containers"]]

    assert len(every) == 2
    assert every[0] == every[1]
    assert every[0]["securityContext"]["runAsNonRoot"] is True
    assert every[0]["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert f"{every[0]['securityContext']['runAsUser']}:" in image("USER")
    # What they share is given to containers of this name; others say it themselves.
    for each in of_ours:
        if each["name"] != "payments" or "image" in each:
            assert each["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "capabilities": {"drop": ["ALL"]},
                "readOnlyRootFilesystem": True,
            }


def test_every_manifest_is_a_part_of_the_base() -> None:
    base = manifests()["Kustomization "]
    named = {*base["resources"], *(patch["path"] for patch in base["patches"])}
    there = {path.name for path in (DEPLOY / "kubernetes").iterdir()}
    assert there - named == {"kustomization.yaml", "secret.example.yaml"}
    assert named <= there


def test_what_comes_into_an_image_is_named() -> None:
    copied = {
        shlex.split(line)[0] for line in re.findall(r"^COPY (?!--)(.*)$", IMAGE, re.MULTILINE)
    }
    ignoring = (DEPLOY.parent / ".dockerignore").read_text()
    assert copied == set(re.findall(r"^!(\S+)$", ignoring, re.MULTILINE))
    assert json.loads(image("HEALTHCHECK").partition("CMD ")[2])[0] == "python"
