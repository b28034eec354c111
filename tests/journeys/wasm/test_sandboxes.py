"""`isolation: request`: each exchange has an instance of its own, and what harms one harms no other."""
import pytest

from harness.asking import AllAsking
from harness.engines import needs_sandboxes
from harness.modules import examples, modules
from harness.patience import wait_until

pytestmark = needs_sandboxes
GROUPS = ("context_create", "request_headers", "request_body", "response_headers")


@pytest.fixture
def scripted(gateway, upstream):
    """Makes a gateway with a plugin wasm_script, and routes /NAME whose conf is the script of that name."""

    def make(scripts, **policy):
        made = gateway({
            "nginx_config": {"worker_processes": 1},
            "wasm": {"memory_limit": "16m", "plugins": [
                {"name": "wasm_script", "file": str(modules() / "script.wasm"), "isolation": "request", **policy}]}})
        nodes = {upstream().address: 1}
        for name, script in scripts.items():
            made.put(f"routes/{name}", {"uri": f"/{name}", "upstream": {"nodes": nodes},
                                        "plugins": {"wasm_script": {"conf": script}}})
        return made

    return make


def logged(made, text, count=1):
    wait_until(lambda: made.read("logs/error.log").count(text) >= count, f"{text!r} in the error log")


def test_traps_loops_and_greed_end_one_exchange_and_no_other(scripted):
    made = scripted({"held": "request_headers log 2 now held\nrequest_headers pause",
                     "loop": "request_headers loop", "grow": "request_headers grow",
                     "good": "response_headers add x-good yes",
                     **{name: f"{name} if x-trap\n{name} trap" for name in GROUPS}})
    with made.connect() as held, AllAsking(made, "/good", clients=2):
        held.send("GET /held HTTP/1.1\r\nHost: a\r\n\r\n")
        logged(made, "plugin wasm_script: now held")
        for name in ("loop", "grow"):
            assert made.ask("GET", f"/{name}").status == 503, name
        for name in GROUPS:
            assert made.ask("POST", f"/{name}", headers={"x-trap": "1"}, body="abc").status == 503, name
            assert made.ask("POST", f"/{name}", body="abc").status == 200, name
    assert made.ask("GET", "/good").get("x-good") == "yes"
    assert "held an exchange" not in made.read("logs/error.log")


@pytest.mark.parametrize("fail, status", [("closed", 503), ("open", 200)])
def test_beyond_max_instances_the_plugin_fails(scripted, fail, status):
    made = scripted({"held": "request_headers log 2 now held\nrequest_headers pause",
                     "good": "response_headers add x-good yes"}, max_instances=2, fail=fail)
    with made.connect() as one, made.connect() as two:
        for count, client in enumerate((one, two), 1):
            client.send("GET /held HTTP/1.1\r\nHost: a\r\n\r\n")
            logged(made, "plugin wasm_script: now held", count)
        answer = made.ask("GET", "/good")
        assert (answer.status, answer.get("x-good")) == (status, None)
        logged(made, "plugin wasm_script: each of its 2 sandboxes serves an exchange; raise max_instances")
    wait_until(lambda: made.ask("GET", "/good").get("x-good") == "yes", "a sandbox to be free again")


def test_no_request_fails_while_many_share_the_instances_of_many_confs(gateway, upstream):
    made = gateway({"wasm": {"isolation": "request", "plugins": [
        {"name": "add-header", "file": str(examples() / "add-header-rust.wasm")}]}})
    nodes = {upstream().address: 1}

    def put(number, value):
        made.put(f"routes/{number}", {"uri": f"/{number}", "upstream": {"nodes": nodes}, "plugins": {
            "add-header": {"conf": {"header_name": "X-Route", "header_value": value}}}})

    for number in range(8):
        put(number, f"first {number}")
    with AllAsking(made, "/0", clients=3):
        for round_ in ("second", "third"):
            for number in range(1, 8):
                put(number, f"{round_} {number}")
                for other in range(1, number + 1):
                    assert made.ask("GET", f"/{other}").all("X-Route") == [f"{round_} {other}"]
    assert made.ask("GET", "/0").all("X-Route") == ["first 0"]


def test_what_cannot_be_put_back_is_refused_with_the_reason(gateway, upstream, tmp_path):
    (tmp_path / "table.wat").write_text("""(module (memory (export "memory") 1) (table 1 funcref)
        (func (export "proxy_abi_version_0_2_1"))
        (func (export "proxy_on_memory_allocate") (param i32) (result i32) (i32.const 0))
        (func (drop (table.grow (ref.null func) (i32.const 1)))))""")
    made = gateway({"wasm": {"enable": True, "allowed_dirs": [str(tmp_path)]}})
    route = {"uri": "/a", "upstream": {"nodes": {upstream().address: 1}}}

    def put(**settings):
        conf = {"path": str(tmp_path / "table.wat"), **settings}
        return made.admin("PUT", "routes/1", {**route, "plugins": {"wasm": {"conf": conf}}})

    answer = put(isolation="request")
    assert answer.status == 400
    assert "isolation: request is not possible: the module writes to a table of functions (at byte " in answer.text
    assert put(isolation="worker").status == 201
    assert put(isolation="wroker").status == 400


def test_the_answer_to_a_call_comes_to_the_instance_that_asked(gateway, upstream):
    auth = upstream("auth", [{"status": 200, "headers": {"x-auth-user": "alice"}}] * 3 + [{"status": 401, "body": "who?"}])
    there = upstream()
    plugin = {"path": f"{examples()}/auth-call-rust.wasm", "name": "auth-call", "isolation": "request",
              "config": {"upstream": "auth", "timeout_ms": 60_000}}
    made = gateway({"nginx_config": {"worker_processes": 1}, "wasm": {"enable": True, "allowed_dirs": [str(examples())]}},
                   resources={"upstreams": [{"id": "u1", "name": "auth", "nodes": {auth.address: 1}}],
                              "routes": [{"id": "r1", "uri": "/*", "plugins": {"wasm": {"conf": plugin}},
                                          "upstream": {"nodes": {there.address: 1}}}]})
    clients = [made.connect() for _ in range(3)]
    for client in clients:
        client.send("GET /a HTTP/1.1\r\nHost: a\r\n\r\n")
    for client in clients:
        assert client.read().status == 200
        client.close()
    assert [seen.get("x-auth-user") for seen in there.take_seen()] == ["alice"] * 3
    for _ in range(2):  # the answers of an upstream end with the last one again and again
        answer = made.ask("GET", "/a")
        assert (answer.status, answer.text) == (401, "who?")
    assert there.seen == []
