"""The engines that modules run on: what each can do, and that the same plugin does the same on each."""
import os
import random
import re
from pathlib import Path

import pytest

from harness import no_executable_memory
from harness.gateway import INSTRUMENTED
from harness.modules import examples, modules

needs_mdwe = pytest.mark.skipif(not no_executable_memory.can_forbid(), reason="NOT TESTED: needs Linux 6.3")
# The configuration of each example plugin for generated requests; the window of a limit is a day.
CONFS = {
    "do-nothing-go": {},
    "do-nothing-rust": {},
    "add-header-rust": {"header_name": "X-Mine", "header_value": "v"},
    "auth-call-rust": {"upstream": "auth", "path": "/check", "forward": ["authorization"], "timeout_ms": 60000},
    "body-limit-c": {"bytes": 500, "seconds": 86400},
    "custom-response-header-go": {"headers": [{"name": "X-A", "value": "1"}, {"name": "X-A", "value": "2"}]},
    "fault-injection-as": {"body": "as", "http_status": 418},
    "fault-injection-cpp": {"body": "cpp", "http_status": 503},
    "fault-injection-go": {"body": "go", "http_status": 200},
    "fault-injection-rust": {"body": "rust", "http_status": 599},
    "quota-rust": {"requests": 3, "seconds": 86400, "client": "x-client"},
    "request-transform-as": {
        "request": {"remove": ["x-secret"], "rename": {"x-old": "x-new"}, "replace": {"x-from": "gateway"},
                    "add": [{"name": "x-tag", "value": "a"}], "body": [{"text": "colour", "with": "color"}]},
        "response": {"remove": ["x-inner"], "body": [{"text": "red", "with": "blue"}]}}}
WORDS = ["colour", "red", '"a"', "{}", "\u00e4", "\0", " ", "\r\n", "0123456789" * 10]
# Of each gateway, or by what had arrived when a head left.
OF_THE_MOMENT = {"date", "host", "x-forwarded-port", "x-forwarded-host", "content-length", "transfer-encoding"}


def text(choice):
    return "".join(choice.choices(WORDS, k=choice.randrange(20)))


def generated_request(choice):
    headers = [(name, choice.choice(["", "a", "a b", "\u00e4".encode().decode("latin-1"), "x" * 300]))
               for name in ("x-secret", "x-old", "x-from", "X-Client", "Cookie", "x-tag") if choice.random() < 0.4]
    if choice.random() < 0.5:
        headers.append(("Authorization", choice.choice(["good", "bad"])))
    request = {"method": choice.choice(["GET", "HEAD", "POST", "PUT", "DELETE"]), "headers": headers}
    if request["method"] in ("POST", "PUT"):
        if choice.random() < 0.5:
            request["body"] = text(choice)
        else:
            request["chunks"] = [piece for piece in (text(choice) for _ in range(3)) if piece]
    return request


def generated_answer(choice):
    answer = {"status": choice.choice([200, 201, 404, 500]), "headers": {"x-inner": "1", "X-A": "upstream"}}
    if choice.random() < 0.5:
        return {**answer, "body": text(choice)}
    return {**answer, "chunks": [piece for piece in (text(choice) for _ in range(3)) if piece] or ["red"]}


def lasting(headers):
    return [(name.lower(), value) for name, value in headers if name.lower() not in OF_THE_MOMENT]


def told(message):
    """What must not depend on the engine."""
    return [re.sub(r"\?.*", "", message.start), lasting(message.headers), message.body, lasting(message.trailers)]


class Sides:
    """The same exchanges with gateways that differ in their settings alone."""

    def __init__(self, gateway, upstream, settings):
        choice = random.Random(4)
        self.answers = [generated_answer(choice) for _ in range(400)]
        self.made = []
        for wasm in settings:
            auth = upstream("auth", answers=[{"status": 200, "headers": {"X-Auth-User": "me"}, "body": "yes"},
                                             {"status": 401, "body": "no"}] * 200)
            made = gateway({"wasm": {"enable": True, "allowed_dirs": [str(examples())], **wasm}})
            made.put("upstreams/auth", {"id": "auth", "name": "auth", "nodes": {auth.address: 1}})
            self.made.append((made, upstream(answers=self.answers), auth))

    def differences(self, plugin, requests):
        outcomes = []
        for made, behind, auth in self.made:
            conf = {"path": str(examples() / f"{plugin}.wasm"), "config": CONFS[plugin]}
            made.put("routes/1", {"uri": "/*", "plugins": {"wasm": {"conf": conf}},
                                  "upstream": {"nodes": {behind.address: 1}}})
            before, asked = len(behind.seen), len(auth.seen)
            responses = [told(made.ask(request["method"], f"/{plugin}", **{k: v for k, v in request.items() if k != "method"}))
                         for request in requests]
            outcomes.append((responses, [told(seen.message) for seen in behind.seen[before:]],
                             [told(seen.message) for seen in auth.seen[asked:]]))
        first, second = outcomes
        assert any(response[0] for response in first[0])
        return [f"{what} {number}:\n{a}\n{b}" for what, *both in zip(("response", "upstream", "auth"), first, second)
                for number, (a, b) in enumerate(zip(*both)) if a != b] + [
                    f"{what}: {len(a)} and {len(b)}" for what, a, b in zip(("response", "upstream", "auth"), first, second)
                    if len(a) != len(b)]


@pytest.mark.takes_long
@pytest.mark.parametrize("isolation", ["worker", "request"])
def test_the_example_plugins_give_the_same_answers_on_both_engines(gateway, upstream, isolation):
    if INSTRUMENTED in Path(os.environ["SALLYPORT_BINARY"]).read_bytes():
        pytest.skip("sanitizers do not watch what engines make of guests, and compiling takes minutes with them")
    sides = Sides(gateway, upstream, [{"engine": engine, "isolation": isolation} for engine in ("wasmtime", "pulley")])
    choice = random.Random(isolation)
    for plugin in CONFS:
        requests = [generated_request(choice) for _ in range(30)]
        assert sides.differences(plugin, requests) == [], plugin


def script_gateway(gateway, upstream, engine, **options):
    one = gateway({"wasm": {"engine": engine, "plugins": [
        {"name": "script", "file": str(modules() / "script.wasm")},
        {"name": "sandboxed", "file": str(modules() / "script.wasm"), "isolation": "request"}]}}, start=False, **options)
    one.node = upstream().address
    return one


@needs_mdwe
def test_where_executable_memory_is_forbidden_pulley_serves(gateway, upstream):
    one = script_gateway(gateway, upstream, "pulley")
    one.preexec = no_executable_memory.forbid
    one.start()
    for name in ("script", "sandboxed"):
        one.put(f"routes/{name}", {"uri": f"/{name}", "upstream": {"nodes": {one.node: 1}},
                                   "plugins": {name: {"conf": "response_headers add x-a b"}}})
        assert one.ask("GET", f"/{name}").get("x-a") == "b"
    one.put("routes/loop", {"uri": "/loop", "plugins": {"script": {"conf": "request_headers loop"}},
                            "upstream": {"nodes": {one.node: 1}}})
    assert one.ask("GET", "/loop").status == 503
    assert one.ask("GET", "/script").get("x-a") == "b"
    one.stop()
    one.start()  # from the code cache
    assert one.ask("GET", "/script").get("x-a") == "b"


@needs_mdwe
def test_where_executable_memory_is_forbidden_wasmtime_says_what_to_do(gateway, upstream):
    one = script_gateway(gateway, upstream, "wasmtime")
    one.preexec = no_executable_memory.forbid
    one.spawn()
    assert one.wait_for_end() == 1
    assert "this host forbids memory that is written and then executed" in one.read("stderr")
    assert "`wasm.engine: pulley`" in one.read("stderr")


def test_an_unknown_engine_is_an_error_with_its_place(gateway):
    one = gateway({"wasm": {"engine": "v8"}}, start=False)
    told_by_check = one.run_command("check", "-c", "conf/config.yaml")
    said = told_by_check.stderr + told_by_check.stdout
    assert told_by_check.returncode == 1
    assert re.search(r'config.yaml:\d+:\d+: error: wasm.engine is "v8"; give one of: wasmtime, pulley, wasmedge', said), said
    told_by_tool = one.run_command("wasm", "inspect", str(modules() / "script.wasm"), "--engine", "v8")
    assert told_by_tool.returncode == 2


def test_without_its_library_wasmedge_is_refused_with_what_to_do(gateway, monkeypatch):
    monkeypatch.setenv("WASMEDGE_DIR", "/nowhere")
    one = gateway({"wasm": {"engine": "wasmedge"}}, start=False)
    one.spawn()
    assert one.wait_for_end() == 1
    wanted = r"config.yaml:\d+:\d+: error: wasm.engine: wasmedge: .*WASMEDGE_DIR.*choose another engine"
    assert re.search(wanted, one.read("stderr"))
    told_by_check = one.run_command("check", "-c", "conf/config.yaml")
    assert told_by_check.returncode == 1 and re.search(wanted, told_by_check.stderr), told_by_check.stderr


def test_inspect_compiles_for_the_engine_that_is_named(gateway):
    one = gateway(start=False)
    told_by_tool = one.run_command("wasm", "inspect", str(modules() / "script.wasm"), "--engine", "pulley")
    assert told_by_tool.returncode == 0 and told_by_tool.stdout.endswith("accepted: it compiles and starts\n")


def test_each_engine_keeps_its_own_code(gateway, upstream):
    one = script_gateway(gateway, upstream, "wasmtime").start()
    one.put("routes/1", {"uri": "/a", "plugins": {"script": {"conf": "response_headers add x-a b"}},
                         "upstream": {"nodes": {one.node: 1}}})
    for engine, files in (("pulley", 4), ("wasmtime", 4)):  # each for both kinds of isolation
        one.stop()
        one.settings["wasm"]["engine"] = engine
        one.write_settings()
        one.start()
        assert one.ask("GET", "/a").get("x-a") == "b"
        assert len(list(one.path("data/wasm-code").glob("*.code"))) == files
