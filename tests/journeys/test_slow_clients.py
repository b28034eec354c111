"""Clients that take their time: each wait has a deadline, and what is idle costs no one else anything."""
import socket

import pytest

from harness.patience import wait_until


def made(gateway, upstream, answers=None, **http):
    return gateway(settings={"nginx_config": {"worker_processes": 1, "http": http}}, resources={"routes": [
        {"id": 1, "uri": "/a", "upstream": {"nodes": {upstream(answers=answers).address: 1}}}]})


def test_an_idle_connection_is_closed_after_keepalive_timeout(gateway, upstream):
    one = made(gateway, upstream, keepalive_timeout="1s")
    with one.connect() as client:
        assert client.request("GET", "/a").status == 200
        assert client.is_closed()
    assert len(one.read("logs/access.log").splitlines()) <= 1  # an idle connection is no request


@pytest.mark.parametrize("sent", ["GET /a HTTP/1.1\r\nHost: x\r\n", "G", "GET /a HTTP/1.1\r\nHost: x\r\nX-Long: aaa"])
def test_a_head_that_does_not_end_in_time_ends_the_connection(gateway, upstream, sent):
    one = made(gateway, upstream, client_header_timeout="200ms")
    with one.connect() as client:
        client.send(sent)
        rest = client.stream.until_close()
    assert rest == b"" or rest.startswith(b"HTTP/1.1 408 ")


def test_a_connection_that_sends_nothing_is_closed(gateway, upstream):
    one = made(gateway, upstream, client_header_timeout="200ms", keepalive_timeout="200ms")
    with one.connect() as client:
        assert client.stream.until_close() == b""


def test_a_body_that_does_not_go_on_is_408(gateway, upstream):
    one = made(gateway, upstream, client_body_timeout="200ms")
    with one.connect() as client:
        client.send("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nab")
        assert client.read().status == 408
        assert client.is_closed()


def test_a_reader_that_takes_nothing_is_given_up(gateway, upstream):
    one = made(gateway, upstream, answers=[{"body": b"x" * (32 << 20)}], send_timeout="200ms")
    with one.connect() as client:
        client.stream.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n")
        wait_until(lambda: "client_timeout" in one.read("logs/access.log"), one.tell)
    line = one.read("logs/access.log")
    assert '" 200 ' in line and line.endswith("reason=client_timeout\n")


def test_many_idle_connections_leave_the_others_alone(gateway, upstream):
    one = made(gateway, upstream)
    idle = [one.connect() for _ in range(200)]
    try:
        for number, client in enumerate(idle):
            client.send(["", "G", "GET /a HTTP/1.1\r\nHost: x\r\n", "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n"][number % 4])
        for _ in range(20):
            assert one.ask("GET", "/a").status == 200
        wait_until(lambda: one.metric("apisix_nginx_http_current_connections", state="active") == 200, one.metrics)
    finally:
        for client in idle:
            client.close()
    wait_until(lambda: one.metric("apisix_nginx_http_current_connections", state="active") == 0, one.metrics)
