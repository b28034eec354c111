"""Upstreams that are spoken to in HTTP/2, by clients of HTTP/1."""
import threading

import pytest

from harness.certificates import Certificate, authority
from harness.nghttpd import Nghttpd
from harness.patience import wait_until

ALONE = {"nginx_config": {"worker_processes": 1}}


@pytest.fixture
def nghttpd():
    made = []

    def make(**options):
        made.append(Nghttpd(**options))
        return made[-1]

    yield make
    for one in made:
        one.stop()


def route(up, **upstream):
    return {"routes": [{"id": 1, "uri": "/*", "upstream": {"nodes": {up.address: 1}, "http_version": "2", **upstream}}]}


def test_requests_share_one_connection(gateway, nghttpd):
    up = nghttpd()
    one = gateway(settings=ALONE, resources=route(up))
    answers = []

    def ask():
        with one.connect() as client:
            for _ in range(5):
                answers.append(client.request("GET", "/hello").body)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [b"hello"] * 40
    assert len(up.connections()) == 1


def test_fields_statuses_and_trailers_pass(gateway, nghttpd):
    up = nghttpd(options=["--trailer=x-sum: 9"])
    one = gateway(resources=route(up, pass_host="rewrite", upstream_host="up.example"))
    answer = one.ask("POST", "/echo", body=b"x" * 1000, headers={"X-One": "1"})
    assert (answer.status, answer.body) == (200, b"x" * 1000)
    assert dict(answer.trailers) == {"x-sum": "9"}
    assert one.ask("GET", "/missing").status == 404
    log = up.log()
    for line in (":authority: up.example", ":scheme: http", "x-one: 1", ":path: /echo"):
        assert line in log
    head = one.ask("HEAD", "/hello")
    assert (head.status, head.body) == (200, b"")


def test_long_bodies_pass_both_ways(gateway, nghttpd):
    up = nghttpd()
    one = gateway(resources=route(up))
    body = bytes(range(256)) * 20_000
    answer = one.ask("POST", "/echo", body=body)
    assert answer.body == body
    answer = one.ask("POST", "/echo", chunks=[body[:70_000], body[70_000:300_000]])
    assert answer.body == body[:300_000]


def test_another_connection_is_opened_where_the_upstream_takes_few_streams(gateway, nghttpd):
    up = nghttpd(options=["--max-concurrent-streams=1"])
    one = gateway(settings=ALONE, resources=route(up))
    clients = [one.connect() for _ in range(3)]
    for client in clients:
        client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\na")
    wait_until(lambda: len(up.connections()) == 3, up.log)
    for client in clients:
        client.send("bc")
        assert client.read().body == b"abc"
        client.close()


def test_an_upstream_that_is_gone_is_502_and_one_that_returns_serves(gateway, nghttpd, upstream):
    up = nghttpd()
    one = gateway(settings=ALONE, resources=route(up))
    assert one.ask("GET", "/hello").status == 200
    up.process.kill()
    up.process.wait()
    assert one.ask("GET", "/hello").status == 502
    one.wait_for_line("reason=upstream_", "logs/access.log")


def test_an_upstream_of_http1_is_502_with_the_reason(gateway, upstream):
    one = gateway(resources=route(upstream()))
    assert one.ask("GET", "/hello").status == 502
    one.wait_for_line("does not speak HTTP/2|closed the connection")


def test_over_tls_http2_is_asked_for(gateway, nghttpd, upstream, tmp_path):
    root = authority()
    up = nghttpd(certificate=Certificate("node.example", root).write(tmp_path))
    settings = {"apisix": {"ssl": {"ssl_trusted_certificate": root.write(tmp_path)[0]}}, **ALONE}
    resources = route(up, scheme="https", tls={"verify": True}, pass_host="rewrite", upstream_host="node.example")
    one = gateway(settings, resources=resources)
    for _ in range(3):
        assert one.ask("GET", "/hello").body == b"hello"
    assert ":scheme: https" in up.log()
    assert len(up.connections()) == 1


def test_an_upstream_over_tls_that_knows_no_http2_is_502(gateway, upstream, tmp_path):
    import ssl
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*Certificate("node.example", authority()).write(tmp_path))
    one = gateway(resources=route(upstream(tls=context), scheme="grpcs"))
    assert one.ask("GET", "/hello").status == 502
    one.wait_for_line("does not choose HTTP/2")
