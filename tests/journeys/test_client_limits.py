"""What clients may take: connections, fields, and time in which they send or take next to nothing."""
import pytest

from harness.client import Client
from harness.gateway import Gateway
from harness.h2_client import Http2Client
from harness.patience import wait_until
from harness.upstream import Upstream

SETTINGS = {
    "apisix": {
        "http1": {"max_header_size": "8k", "max_target_size": "2k", "max_header_fields": 20},
        "clients": {"max_connections_per_address": 4, "min_request_rate": "1g", "min_response_rate": "1g",
                    "rate_grace": "20ms"},
    },
    "nginx_config": {"worker_processes": 2, "http": {"underscores_in_headers": "off", "client_body_timeout": "200ms",
                                                     "client_header_timeout": "200ms"}},
}


@pytest.fixture(scope="module")
def shared():
    up, large = Upstream(), Upstream(answers=[{"body": b"x" * 300_000}])
    g = Gateway(settings=SETTINGS, resources={"routes": [
        {"id": "r", "uri": "/*", "upstream": {"nodes": {up.address: 1}}},
        {"id": "large", "uri": "/large", "upstream": {"nodes": {large.address: 1}}}]}).start()
    yield g, up
    g.stop()
    g.remove()
    up.stop()
    large.stop()


def cut(g, reason):
    return g.metric("sallyport_clients_cut_total", reason=reason)


def test_an_address_has_so_many_connections_on_all_workers(shared):
    g, _ = shared
    before = cut(g, "address_limit")
    first = [g.connect() for _ in range(4)]
    assert [c.request("GET", "/a").status for c in first] == [200] * 4
    with g.connect() as one_more:
        assert one_more.is_closed()
    assert cut(g, "address_limit") == before + 1
    g.wait_for_line("its address has as many as it may")
    for client in first:
        client.close()
    wait_until(lambda: g.metric("apisix_nginx_http_current_connections", state="active") == 0, g.metrics)
    assert g.ask("GET", "/a").status == 200


def test_heads_have_the_limits_of_the_settings(shared):
    g, _ = shared
    assert g.ask("GET", "/" + "a" * 2048).status == 414
    assert g.ask("GET", "/a", headers=[("X", "x" * 9000)]).status == 431
    assert g.ask("GET", "/a", headers=[(f"X-{n}", "x") for n in range(19)]).status == 200
    assert g.ask("GET", "/a", headers=[(f"X-{n}", "x") for n in range(20)]).status == 431


def test_what_could_pass_for_a_field_of_the_gateway_does_not_go_on(shared):
    g, up = shared
    up.take_seen()
    headers = [("X_Real_IP", "192.0.2.1"), ("x_forwarded-for", "192.0.2.1"), ("x_other", "1"), ("X-Kept", "1")]
    assert g.ask("GET", "/a", headers=headers).status == 200
    with Http2Client(g.ports["proxy"]) as client:
        assert client.ask("GET", "/a", headers=[(n.lower(), v) for n, v in headers]).status == 200
    for seen in up.take_seen():
        names = [name.lower() for name, _ in seen.headers]
        assert "x-kept" in names and not [name for name in names if "_" in name]


def test_a_body_that_trickles_is_408(shared):
    g, _ = shared
    before = cut(g, "body_too_slow")
    with g.connect() as client:
        client.send("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\na")
        def is_answered():
            client.send("a")
            client.sock.settimeout(0.01)
            try:
                client.stream.buffer += client.sock.recv(1)
            except TimeoutError:
                pass
            return client.stream.buffer
        wait_until(is_answered, "the answer")
        client.sock.settimeout(10)
        assert client.read().status == 408
    wait_until(lambda: cut(g, "body_too_slow") == before + 1, g.metrics)
    g.wait_for_line("reason=request_body_too_slow", log="logs/access.log")


def test_a_stream_that_takes_next_to_nothing_is_given_up(shared):
    g, _ = shared
    before = cut(g, "response_timeout")
    with Http2Client(g.ports["proxy"]) as client:
        client.takes_data = False
        stream = client.begin("GET", "/large")
        wait_until(lambda: cut(g, "response_timeout") == before + 1, g.metrics)
        while not client.answers[stream].is_over:
            client.take()
        assert client.answers[stream].reset is not None


def test_heads_and_bodies_that_do_not_go_on_are_counted(shared):
    g, _ = shared
    heads, bodies, greetings = (cut(g, f"{what}_timeout") for what in ("head", "body", "handshake"))
    with g.connect() as head, g.connect() as body, Client(g.ports["tls"]) as greeting:
        head.send("GET /a HTTP/1.1\r\n")
        body.send("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\na")
        assert body.read().status == 408
        assert head.read().status == 408
        assert greeting.is_closed()
    wait_until(lambda: cut(g, "head_timeout") == heads + 1, g.metrics)
    wait_until(lambda: cut(g, "body_timeout") == bodies + 1, g.metrics)
    wait_until(lambda: cut(g, "handshake_timeout") == greetings + 1, g.metrics)
