"""Every address declares exactly one guard, with typed parameters and plain words in it."""

import ast
import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from tests.fixtures.source import nodes, python_files, shown, templates
from timebank.app import BLUEPRINTS
from tools.reference import routes

ROUTES = routes(BLUEPRINTS)
PUBLIC = {  # open to the world, each for a reason
    ("/sign-in", "GET"): "nobody is known yet",
    ("/sign-in", "POST"): "nobody is known yet",
    ("/display", "POST"): "language and type size before signing in",
    ("/check/<string:proof_code>", "GET"): "whoever holds a printed sheet may check it",
    ("/manifest.webmanifest", "GET"): "the phone fetches it without a session; it holds no data",
    ("/sw.js", "GET"): "the phone fetches it without a session; it holds no data",
    ("/phone/offline", "GET"): "the empty page that the phone fills by itself",
    ("/assessments/offline", "GET"): "the empty form that a tablet fills by itself",
    ("/phones/pair/<string:code>", "GET"): "a new phone shows the code that an assistant made for it",
    ("/phones/pair/<string:code>", "POST"): "a new phone shows the code that an assistant made for it",
    ("/phones/enter", "GET"): "a paired phone asks for the PIN; its cookie says which phone",
    ("/phones/enter", "POST"): "a paired phone asks for the PIN; its cookie says which phone",
    ("/join", "GET"): "whoever wants to help is not known yet",
    ("/join", "POST"): "whoever wants to help is not known yet; so many from one address",
    ("/calendar/<string:secret>.ics", "GET"): "a phone's calendar reads it by a secret address, without names",
    ("/sos/<string:household_code>/<string:card>", "GET"): "whoever finds somebody in need scans the card at the door",
    ("/sos/<string:household_code>/<string:card>", "POST"): "whoever finds somebody in need raises the alarm",
}


def named(route: tuple[str, str, Any]) -> str:
    return f"{route[1]} {route[0]}"


@pytest.mark.parametrize("route", ROUTES, ids=named)
def test_exactly_one_guard(route: tuple[str, str, Callable[..., Any]]) -> None:
    rule, method, view = route
    assert hasattr(view, "__guard__"), f"{named(route)}: write @guard(Role.…) or @public right above the view"
    inner = getattr(view, "__wrapped__", None)
    assert not hasattr(inner, "__guard__"), f"{named(route)} has two guards; the outer one decides, so write one"
    if getattr(view, "__public__", False):
        assert (rule, method) in PUBLIC, f"{named(route)} is open to the world: name the reason in PUBLIC"
    else:
        assert view.__guard__["roles"], f"{named(route)}: the guard names no role"


@pytest.mark.parametrize("route", ROUTES, ids=named)
def test_addresses_are_typed_kebab_case(route: tuple[str, str, Any]) -> None:
    rule = route[0]
    for converter in re.findall(r"<([^>]+)>", rule):
        assert re.fullmatch(r"(string|int)(\([^)]*\))?:[a-z_]+", converter), f"{rule}: write <string:…> or <int:…>"
    words = re.sub(r"<[^>]+>", "x", rule)
    assert re.fullmatch(r"(/[a-z0-9.-]*)+", words), f"{rule}: write addresses in kebab-case"


@pytest.mark.parametrize("route", ROUTES, ids=named)
def test_what_the_address_names_is_loaded_through_the_scope(route: tuple[str, str, Any]) -> None:
    rule, _, view = route
    loaded = set(view.__guard__["load"])
    unknown = loaded - set(re.findall(r":([a-z_]+)>", rule))
    assert not unknown, f"{named(route)} loads {sorted(unknown)}, which the address does not name"


def test_reading_never_has_an_unsafe_twin_without_a_token() -> None:
    mixed = {rule for rule, method, _ in ROUTES if method in ("PUT", "PATCH", "DELETE")}
    assert not mixed, f"pages post; these use other methods: {sorted(mixed)}"


def endpoints() -> set[str]:
    """Every endpoint that is registered."""
    app = Flask("endpoints")
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    return set(app.view_functions)


def test_every_address_that_is_linked_exists() -> None:
    known = endpoints()
    for path in templates():
        for name in re.findall(r"url_for\(\s*['\"]([^'\"]+)", path.read_text(encoding="utf-8")):
            assert name in known, f"{shown(path)} links {name}, which is not registered in app.BLUEPRINTS"
    for path in python_files("timebank"):
        for call in nodes(path, ast.Call):
            assert isinstance(call, ast.Call)
            if isinstance(call.func, ast.Name) and call.func.id in ("url_for", "_entry", "Duty", "_count"):
                named_there = [arg.value for arg in call.args[:2] if isinstance(arg, ast.Constant)]
                unknown = {name for name in named_there if "." in str(name)} - known
                assert not unknown, f"{shown(path)}:{call.lineno} links {unknown}, not registered in app.BLUEPRINTS"


def test_every_form_stands_on_a_page() -> None:
    """What is posted to an address of its own, is posted from somewhere: else nobody but a test can do it."""
    asked = {rule for rule, method, _ in ROUTES if method == "GET"}
    app = Flask("forms")
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    written = "".join(path.read_text(encoding="utf-8") for path in (*templates(), *python_files("timebank")))
    for rule in app.url_map.iter_rules():
        posts_only = "POST" in rule.methods and rule.rule not in asked and not rule.rule.startswith("/api/")
        if posts_only:
            assert re.search(rf"['\"]{re.escape(rule.endpoint)}['\"]", written), f"no page posts to {rule.rule}"


def test_every_blueprint_is_registered() -> None:
    registered = {blueprint.name for blueprint in BLUEPRINTS}
    for path in python_files("timebank"):
        for call in nodes(path, ast.Call):
            assert isinstance(call, ast.Call)
            if (
                isinstance(call.func, ast.Name)
                and call.func.id == "Blueprint"
                and isinstance(call.args[0], ast.Constant)
            ):
                assert call.args[0].value in registered, f"{shown(path)}: add its blueprint to app.BLUEPRINTS"
