"""TERM and INT end the gateway without losing what is under way."""
import signal
import threading

import pytest

from harness.patience import wait_until
from harness.wire import WireError

ENDS = pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["TERM", "INT"])


def route(upstream):
    return {"routes": [{"id": "r1", "uri": "/a", "upstream": {"nodes": {upstream.address: 1}}}]}


def refuses(gateway):
    try:
        gateway.connect().close()
        return False
    except OSError:
        return True


@ENDS
def test_requests_in_flight_finish_and_new_connections_are_refused(gateway, upstream, number):
    released = threading.Event()
    up = upstream(answers=[{"held": released, "body": "released"}])
    one = gateway(resources=route(up))
    busy = [one.connect() for _ in range(20)]
    idle = [one.connect() for _ in range(5)]
    try:
        for client in busy:
            client.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n")
        wait_until(lambda: len(up.seen) == 20, lambda: f"20 requests to arrive, {len(up.seen)} did")
        one.signal(number)
        wait_until(lambda: refuses(one), "the listener to close")
        assert all(client.is_closed() for client in idle)
        released.set()
        responses = [client.read() for client in busy]
        assert [(r.status, r.text) for r in responses] == [(200, "released")] * 20
        assert all(client.is_closed() for client in busy)
    finally:
        released.set()
        for client in [*busy, *idle]:
            client.close()
    assert one.wait_for_end() == 0
    one.check_sanitizers()
    assert one.read("logs/access.log").count('" 200 8 ') == 20


@ENDS
def test_kept_connections_close_and_the_gateway_ends(gateway, upstream, number):
    one = gateway(resources=route(upstream()))
    kept = [one.connect() for _ in range(5)]
    for client in kept:
        assert client.request("GET", "/a").status == 200
    one.signal(number)
    assert all(client.is_closed() for client in kept)
    assert one.wait_for_end() == 0
    for client in kept:
        client.close()


@ENDS
def test_a_second_signal_does_not_wait(gateway, upstream, number):
    released = threading.Event()
    up = upstream(answers=[{"held": released}])
    one = gateway(settings={"nginx_config": {"worker_shutdown_timeout": "3600s"}}, resources=route(up))
    with one.connect() as client:
        client.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n")
        wait_until(lambda: up.seen, "the request to arrive")
        one.signal(number)
        wait_until(lambda: refuses(one), "the listener to close")
        one.signal(number)
        one.wait_for_end()
        with pytest.raises(WireError):
            client.read()
    released.set()
    one.check_sanitizers()


class AskingToTheLast(threading.Thread):
    """Asks on one connection until a response says that it is the last."""

    def __init__(self, gateway):
        super().__init__(daemon=True)
        self.client = gateway.connect()
        self.count = 0
        self.outcome = None
        self.start()

    def run(self):
        try:
            with self.client:
                while self.outcome is None:
                    response = self.client.request("GET", "/a")
                    self.count += 1
                    if response.status != 200 or response.get("connection") == "close":
                        self.outcome = (response.status, response.get("connection"))
        except (OSError, WireError) as error:
            self.outcome = repr(error)


@ENDS
def test_no_request_of_busy_clients_is_lost(gateway, upstream, number):
    one = gateway(resources=route(upstream()))
    asking = [AskingToTheLast(one) for _ in range(32)]
    wait_until(lambda: all(client.count > 3 for client in asking), "each to be busy")
    one.signal(number)
    assert one.wait_for_end() == 0
    for client in asking:
        client.join()
    assert [client.outcome for client in asking] == [(200, "close")] * len(asking)
    assert one.read("logs/access.log").count("\n") == sum(client.count for client in asking)


def test_a_response_under_way_goes_on_to_its_end(gateway, upstream):
    """The head has left before the signal, so that the client cannot know that the connection will close."""
    released = threading.Event()
    up = upstream(answers=[{"raw": b"HTTP/1.1 200 Fine\r\nContent-Length: 4\r\n\r\nab", "rest": (released, b"cd")}])
    one = gateway(resources=route(up))
    with one.connect() as client:
        client.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n")
        assert client.stream.head().status == 200
        one.signal(signal.SIGTERM)
        wait_until(lambda: refuses(one), "the listener to close")
        released.set()
        assert client.stream.exactly(4) == b"abcd"
        assert client.is_closed()
    assert one.wait_for_end() == 0
