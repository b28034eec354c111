"""`fair: true`: a long callback is cut into time slices, and other exchanges of its worker go on between them.

That others are served meanwhile is shown by what has to come first, never by a time: `/wait` computes until `/go` has
been served by the same worker.
"""
import signal

import pytest

from harness.engines import needs_sandboxes
from harness.h2_client import Http2Client
from harness.modules import modules
from harness.patience import wait_until

pytestmark = needs_sandboxes
HEAD = "GET {} HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest.fixture
def computing(gateway, upstream):
    """Makes a gateway with one worker and the plugin `computes` on every path."""

    def make(**settings):
        plugin = {"name": "computes", "file": str(modules() / "computes.wasm"), "fair": True, "cpu_budget": "10m",
                  **settings}
        made = gateway({"nginx_config": {"worker_processes": 1}, "wasm": {"plugins": [plugin]}})
        made.put("routes/1", route(upstream().address))
        return made

    return make


def route(node, conf="x"):
    return {"uri": "/*", "upstream": {"nodes": {node: 1}}, "plugins": {"computes": {"conf": conf}}}


def logged(made, text, count=1):
    wait_until(lambda: made.read("logs/error.log").count(text) >= count, f"{text!r} in the error log")


def metric(made, name):
    return made.metric(f"sallyport_wasm_{name}", plugin="computes")


def begin(made, client, target, count=1):
    client.send(HEAD.format(target))
    logged(made, f"plugin computes: {target[1]}<", count)


def test_others_are_served_while_a_callback_computes(computing):
    made = computing()
    with made.connect() as first, made.connect() as second:
        for count, client in enumerate((first, second), 1):
            begin(made, client, "/wait", count)
        for _ in range(5):
            assert made.ask("GET", "/plain").status == 200
        assert ": w>" not in made.read("logs/error.log")
        assert made.ask("GET", "/go").status == 200
        assert first.read().status == second.read().status == 200
    made.wait_for_line("computes: w>")
    log = made.read("logs/error.log")
    assert log.index("computes: p>") < log.index("computes: g>") < log.index("computes: w>")


def test_instances_keep_what_they_learnt_unless_they_are_isolated(computing):
    for isolation, third in (("worker", ".3"), ("request", ".1")):
        made = computing(isolation=isolation)
        for _ in range(3):
            assert made.ask("GET", "/plain").status == 200
        wait_until(lambda: made.read("logs/error.log").rpartition("computes: ")[2].startswith(third), f"a line {third}")


def test_the_budget_ends_a_loop_that_never_ends(computing):
    made = computing(cpu_budget="300ms")
    with made.connect() as client:
        begin(made, client, "/loop")
        assert made.ask("GET", "/plain").status == 200
        assert client.read().status == 503
    logged(made, "proxy_on_request_headers trapped: CPU budget of 300 ms used up")
    log = made.read("logs/error.log")
    assert log.index("computes: p>") < log.index("CPU budget of 300 ms")
    assert made.ask("GET", "/plain").status == 200


def test_a_client_that_leaves_ends_its_computation(computing):
    made = computing()
    with made.connect() as client:
        begin(made, client, "/loop")
        wait_until(lambda: metric(made, "callbacks_suspended") == 1, "the callback to be suspended")
        assert metric(made, "instances_in_use") == 1
    wait_until(lambda: metric(made, "callbacks_suspended") == 0, "the callback to be gone")
    wait_until(lambda: metric(made, "instances_in_use") == 0, "its instance to be free")
    assert metric(made, "time_slices_total") > 0
    assert made.ask("GET", "/plain").status == 200
    assert "trapped" not in made.read("logs/error.log")


def test_a_trap_after_some_slices_ends_one_exchange(computing):
    made = computing()
    with made.connect() as trapping, made.connect() as waiting:
        begin(made, trapping, "/trap")
        begin(made, waiting, "/wait")
        assert made.ask("GET", "/go").status == 200
        assert trapping.read().status == 503
        assert waiting.read().status == 200
    logged(made, "proxy_on_request_headers trapped: unreachable")


def test_a_conf_is_replaced_while_its_callback_computes(computing, upstream):
    made = computing()
    with made.connect() as waiting:
        begin(made, waiting, "/wait")
        there = upstream("upstream-b", [{"status": 202}])
        made.put("routes/1", route(there.address, "y"))
        assert made.ask("GET", "/plain").status == 202
        assert made.ask("GET", "/go").status == 202
        assert waiting.read().status == 200, "it stays with what it began with"


def test_who_finds_no_instance_waits_for_one_and_not_for_ever(computing):
    made = computing(max_instances=1)
    with made.connect() as first, made.connect() as second:
        begin(made, first, "/loop")
        second.send(HEAD.format("/plain"))
        assert second.read().status == 503
        logged(made, "plugin computes: each of its 1 instances serves an exchange, and none came free within 1000 ms; "
                     "raise max_instances")
        first.close()
        assert made.ask("GET", "/plain").status == 200


def test_a_drain_brings_what_is_suspended_to_its_end(computing):
    made = computing(cpu_budget="500ms")
    with made.connect() as client:
        begin(made, client, "/loop")
        made.signal(signal.SIGTERM)
        assert client.read().status == 503
    assert made.wait_for_end() == 0


@pytest.mark.parametrize("protocol", ["http1", "http2"])
def test_others_are_served_while_the_end_of_an_exchange_computes(gateway, upstream, protocol):
    plugin = {"name": "ends", "file": str(modules() / "computes_at_end.wasm"), "fair": True, "cpu_budget": "10m"}
    made = gateway({"nginx_config": {"worker_processes": 1, "http": {"access_log_format": "$uri $status $wasm_go."}},
                    "wasm": {"plugins": [plugin]}})
    made.put("routes/1", {**route(upstream().address), "plugins": {"ends": {"conf": "x"}}})

    def lines():
        return made.read("logs/access.log").splitlines()

    def served():
        for _ in range(3):
            assert made.ask("GET", "/plain").status == 200
        wait_until(lambda: made.metric("sallyport_wasm_callbacks_suspended", plugin="ends") == 1, "a suspended callback")
        assert "/wait" not in "".join(lines())
        assert made.ask("GET", "/go").status == 200

    if protocol == "http1":
        with made.connect() as client:
            client.send(HEAD.format("/wait"))
            assert client.read().status == 200, "the response does not wait for it"
            served()
            client.send(HEAD.format("/next"))
            assert client.read().status == 200
    else:
        with Http2Client(made.ports["proxy"]) as client:
            assert client.ask("GET", "/wait").status == 200
            assert client.ask("GET", "/plain").status == 200, "nor do other streams of its connection"
            served()
    wait_until(lambda: "/wait 200 go." in lines(), "the line of the one that computed")
    wait_until(lambda: made.metric("sallyport_wasm_instances_in_use", plugin="ends") == 0, "every instance to be given back")


def test_fair_is_true_or_false_and_inline_no_less(gateway, upstream):
    made = gateway({"wasm": {"enable": True, "fair": True, "allowed_dirs": [str(modules())]}})
    node = upstream().address

    def put(**settings):
        conf = {"path": str(modules() / "computes.wasm"), "config": "x", **settings}
        return made.admin("PUT", "routes/1", {"uri": "/*", "upstream": {"nodes": {node: 1}},
                                              "plugins": {"wasm": {"conf": conf}}})

    assert put().status == 201
    assert put(fair=True).status == 200
    assert made.ask("GET", "/plain").status == 200
    answer = put(fair=False)
    assert (answer.status, "wasm.fair in the boot file demands it" in answer.text) == (400, True)
    assert put(fair="yes").status == 400
