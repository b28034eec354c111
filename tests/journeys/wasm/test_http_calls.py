"""Plugins that call other services: the example auth-call-rust, and what it meets when the service does not do its part."""
import threading

import pytest

from harness.modules import examples, modules
from harness.patience import wait_until

HELLO = "hello from upstream-a\n"
PASSES = {"status": 200, "headers": {"x-auth-user": "alice"}, "body": "come in"}


@pytest.fixture
def asking(gateway, upstream):
    """Makes a gateway whose route asks `auth` about each request, and that route's upstream."""

    def make(auth, workers=1, conf=None, **plugin):
        plugin = {"path": f"{examples()}/auth-call-rust.wasm", "name": "auth-call",
                  "config": {"upstream": "auth", "timeout_ms": 60_000, **(conf or {})}, **plugin}
        there = upstream()
        made = gateway({"nginx_config": {"worker_processes": workers},
                        "wasm": {"enable": True, "allowed_dirs": [str(examples())]}},
                       resources={"upstreams": [{"id": "u1", "name": "auth", "nodes": {auth.address: 1}}],
                                  "routes": [{"id": "r1", "uri": "/*", "plugins": {"wasm": {"conf": plugin}},
                                              "upstream": {"nodes": {there.address: 1}}}]})
        return made, there

    return make


def calls(made, outcome):
    return made.metric("sallyport_wasm_http_calls_total", plugin="auth-call", outcome=outcome)


def test_a_request_passes_with_a_header_of_the_answer(asking, upstream):
    auth = upstream("auth", [PASSES])
    made, there = asking(auth, conf={"path": "/check?strict=1", "host": "auth.test"})
    answer = made.ask("GET", "/a?b=c", headers={"authorization": "secret", "x-auth-user": "mallory", "x-other": "1"})
    assert (answer.status, answer.text) == (200, HELLO)
    asked = auth.take_seen()[-1]
    assert (asked.method, asked.target, asked.get("host")) == ("GET", "/check?strict=1", "auth.test")
    assert (asked.get("authorization"), asked.get("x-other")) == ("secret", None)
    assert (asked.get("x-original-method"), asked.get("x-original-uri")) == ("GET", "/a?b=c")
    assert there.take_seen()[-1].all("x-auth-user") == ["alice"]
    assert calls(made, "answered") == 1


def test_a_refusal_goes_to_the_client(asking, upstream):
    auth = upstream("auth", [
        {"status": 401, "headers": {"www-authenticate": "Basic", "content-type": "text/plain", "x-other": "1"}, "body": "who?"},
        {"status": 403, "chunks": ["not ", "you"]}, {"status": 500, "body": "oops"}])
    made, there = asking(auth)
    answer = made.ask("POST", "/a", body="abc")
    assert (answer.status, answer.text, answer.get("www-authenticate"), answer.get("x-other")) == (401, "who?", "Basic", None)
    answer = made.ask("GET", "/a")
    assert (answer.status, answer.text) == (403, "not you")
    assert made.ask("GET", "/a").status == 503
    assert there.seen == []
    assert auth.connections == 1  # kept for the next call


def test_whoever_is_not_there_or_late_or_breaks_off_is_told_to_the_plugin(asking, upstream):
    down, hanging = upstream("down", down=True), upstream("hanging", [{"hang": True}])
    breaking = upstream("breaking", [{"raw": "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"}])
    long = upstream("long", [{"status": 200, "body": "x" * 2000}])
    made, there = asking(down, max_http_call_body="1k")
    config = {"upstream": "auth", "timeout_ms": 50}
    for number, (outcome, service) in enumerate([("unavailable", down), ("timeout", hanging), ("reset", breaking), ("reset", long)]):
        made.put("upstreams/u1", {"name": "auth", "nodes": {service.address: 1}})
        if outcome == "timeout":
            plugin = {"path": f"{examples()}/auth-call-rust.wasm", "name": "auth-call", "config": config, "max_http_call_body": "1k"}
            made.put("routes/r1", {"uri": "/*", "plugins": {"wasm": {"conf": plugin}}, "upstream": {"nodes": {there.address: 1}}})
        answer = made.ask("GET", "/a")
        assert (answer.status, answer.text) == (503, "the request cannot be checked now\n"), made.tell()
        wait_until(lambda o=outcome, n=number: calls(made, o) >= 1 + (n == 3), made.metrics)
    made.wait_for_line(r'plugin auth-call: http_call to "auth": upstream 127\.0\.0\.1:\d+: ')
    assert there.seen == []


def test_an_upstream_that_is_not_there_is_refused_and_the_log_says_so(asking, upstream):
    made, _ = asking(upstream("auth", [PASSES]), conf={"upstream": "outbound|80||auth.test"})
    assert made.ask("GET", "/a").status == 503
    made.wait_for_line(r'http_call to "outbound\|80\|\|auth\.test" is refused: there is no upstream of that id or name; create one')
    made.put("upstreams/u2", {"name": "outbound|80||auth.test", "nodes": {upstream("auth", [PASSES]).address: 1}})
    assert made.ask("GET", "/a").status == 200


def test_the_id_of_an_upstream_is_as_good_as_its_name(asking, upstream):
    made, _ = asking(upstream("auth", [PASSES]), conf={"upstream": "u1"})
    assert made.ask("GET", "/a").status == 200


def test_hosts_are_called_that_the_settings_of_the_plugin_list(asking, upstream):
    auth = upstream("auth", [PASSES])
    made, _ = asking(upstream("other"), conf={"upstream": auth.address}, http_call_hosts=[auth.address])
    assert made.ask("GET", "/a").status == 200
    assert len(auth.seen) == 1
    made, _ = asking(upstream("other"), conf={"upstream": auth.address}, http_call_hosts=["127.0.0.1:1"])
    assert made.ask("GET", "/a").status == 503
    assert len(auth.seen) == 1


def test_the_gateways_own_admin_api_stays_out_of_reach(asking, upstream):
    made, there = asking(upstream("auth", [PASSES]))
    for own in (f"127.0.0.1:{made.ports['admin']}", f"localhost:{made.ports['admin']}"):
        plugin = {"path": f"{examples()}/auth-call-rust.wasm", "name": "auth-call", "config": {"upstream": own},
                  "http_call_hosts": [own]}
        made.put("routes/r1", {"uri": "/*", "plugins": {"wasm": {"conf": plugin}}, "upstream": {"nodes": {there.address: 1}}})
        assert made.ask("GET", "/a").status == 503
    made.wait_for_line("is the gateway's own Admin API")


def test_many_exchanges_ask_at_once(asking, upstream):
    held = threading.Event()
    auth = upstream("auth", [{**PASSES, "held": held}])
    made, there = asking(auth, workers=2)
    clients = [made.connect() for _ in range(20)]
    for number, client in enumerate(clients):
        client.send(f"GET /{number} HTTP/1.1\r\nHost: a\r\n\r\n")
    wait_until(lambda: len(auth.seen) == 20, "twenty calls at once")
    assert made.metric("sallyport_wasm_http_calls_active", plugin="auth-call") == 20
    held.set()
    for client in clients:
        assert client.read().text == HELLO
        client.close()
    assert sorted(int(seen.target[1:]) for seen in there.seen) == list(range(20))


def test_more_calls_than_allowed_are_refused(asking, upstream):
    held = threading.Event()
    auth = upstream("auth", [{**PASSES, "held": held}])
    made, _ = asking(auth, max_http_calls=1)
    with made.connect() as client:
        client.send("GET /a HTTP/1.1\r\nHost: a\r\n\r\n")
        wait_until(lambda: len(auth.seen) == 1, "the first call")
        assert made.ask("GET", "/a").status == 503
        held.set()
        assert client.read().status == 200
    assert calls(made, "refused") == 1
    made.wait_for_line("1 calls are under way; raise max_http_calls")


def test_an_answer_after_its_client_has_gone_harms_nobody(asking, upstream):
    held = threading.Event()
    auth = upstream("auth", [{**PASSES, "held": held}, PASSES])
    made, there = asking(auth)
    with made.connect() as lost:
        lost.send("GET /lost HTTP/1.1\r\nHost: a\r\n\r\n")
        wait_until(lambda: len(auth.seen) == 1, "the call")
    held.set()
    wait_until(lambda: calls(made, "answered") == 1, made.metrics)
    assert made.ask("GET", "/a").text == HELLO
    assert made.metric("sallyport_wasm_http_calls_active", plugin="auth-call") == 0


def test_calls_end_with_their_conf_and_with_the_gateway(asking, upstream):
    held = threading.Event()
    auth = upstream("auth", [{**PASSES, "held": held}])
    made, there = asking(auth)
    with made.connect() as first, made.connect() as second:
        first.send("GET /a HTTP/1.1\r\nHost: a\r\n\r\n")
        wait_until(lambda: len(auth.seen) == 1, "the first call")
        made.put("routes/r1", {"uri": "/*", "upstream": {"nodes": {there.address: 1}}})
        first.close()  # its exchange kept the old conf
        wait_until(lambda: calls(made, "cancelled") == 1, made.metrics)
        plugin = {"path": f"{examples()}/auth-call-rust.wasm", "name": "auth-call", "config": {"upstream": "auth"}}
        made.put("routes/r1", {"uri": "/*", "plugins": {"wasm": {"conf": plugin}}, "upstream": {"nodes": {there.address: 1}}})
        second.send("GET /b HTTP/1.1\r\nHost: a\r\n\r\n")
        wait_until(lambda: len(auth.seen) == 2, "the second call")
    held.set()


def test_a_conf_that_ends_may_still_tell_somebody(gateway, upstream):
    """proxy_on_done says 0, and the conf stays until proxy_done: its call is answered though its route is gone."""
    auth = upstream("auth", [PASSES])
    made = gateway({"nginx_config": {"worker_processes": 1}, "wasm": {"enable": True, "allowed_dirs": [str(modules())]}},
                   resources={"upstreams": [{"id": "u1", "name": "auth", "nodes": {auth.address: 1}}]})
    plugin = {"path": f"{modules()}/farewell.wasm", "name": "farewell", "config": ""}
    made.put("routes/r1", {"uri": "/*", "plugins": {"wasm": {"conf": plugin}}, "upstream": {"nodes": {auth.address: 1}}})
    assert made.ask("GET", "/a").status == 200
    assert [seen.target for seen in auth.take_seen()] == ["/a"]
    made.admin("DELETE", "routes/r1")
    made.wait_for_line(r"plugin farewell: gone")
    assert [seen.target for seen in auth.take_seen()] == ["/farewell"]
