"""Clients that send what is cheap for them and would cost us: they are told to calm down, and others are served."""
import threading

import pytest
from hyperframe.frame import (ContinuationFrame, DataFrame, HeadersFrame, PingFrame, PriorityFrame, RstStreamFrame,
                              SettingsFrame, WindowUpdateFrame)

from harness.gateway import Gateway
from harness.h2_client import Http2Client
from harness.upstream import Upstream

ENHANCE_YOUR_CALM = 11
REQUEST = [(":method", "GET"), (":scheme", "http"), (":authority", "gateway.test"), (":path", "/a")]


@pytest.fixture(scope="module")
def shared():
    up = Upstream()
    g = Gateway(resources={"routes": [{"id": "r", "uri": "/*", "upstream": {"nodes": {up.address: 1}}}]}).start()
    yield g, up
    g.stop()
    g.remove()
    up.stop()


def settings():
    return SettingsFrame(0, settings={SettingsFrame.INITIAL_WINDOW_SIZE: 65_535})


def end_of_nothing(client):
    """An open request whose body goes on with DATA that has no data."""
    stream = client.begin("POST", "/a", end=False)
    return DataFrame(stream, b"")


def window_update(client):
    client.begin("POST", "/a", end=False)
    return WindowUpdateFrame(0, window_increment=1)


FLOODS = {
    "PING": lambda client: PingFrame(0, b"12345678"),
    "SETTINGS": lambda client: settings(),
    "PRIORITY": lambda client: PriorityFrame(1, depends_on=0, stream_weight=1),
    "WINDOW_UPDATE": window_update,
    "empty DATA": end_of_nothing,
}


def is_told_to_calm_down(client):
    codes = client.last_words()
    return not codes or codes[-1] == ENHANCE_YOUR_CALM  # where it does not read, the end may overtake the word


def others_are_served(g, up):
    with Http2Client(g.ports["proxy"]) as client:
        assert client.ask("GET", "/others").status == 200
    return [seen for seen in up.take_seen() if seen.target != "/others"]


@pytest.mark.parametrize("what", FLOODS)
def test_a_flood_of_frames_that_bring_nothing_on_ends_the_connection(shared, what):
    g, up = shared
    with Http2Client(g.ports["proxy"]) as client:
        client.send(FLOODS[what](client).serialize() * 3_000)
        assert is_told_to_calm_down(client)
    others_are_served(g, up)


def test_requests_that_are_reset_at_once_reach_nobody(shared):
    g, up = shared
    with Http2Client(g.ports["proxy"]) as client:
        head = client.http2.encoder.encode(REQUEST)
        for first in range(1, 2 * 20_000, 2 * 500):
            frames = []
            for stream in range(first, first + 1_000, 2):
                block = HeadersFrame(stream, head)
                block.flags.add("END_HEADERS")
                block.flags.add("END_STREAM")
                frames += [block.serialize(), RstStreamFrame(stream, 8).serialize()]
            client.send(b"".join(frames))
        assert is_told_to_calm_down(client)
    assert len(others_are_served(g, up)) <= 100


def test_requests_that_the_client_has_us_reset_are_as_many(shared):
    """CVE-2025-8671: a window update beyond what a window can be is an error of its stream."""
    g, up = shared
    with Http2Client(g.ports["proxy"]) as client:
        head = client.http2.encoder.encode(REQUEST)
        for first in range(1, 2 * 2_000, 2 * 50):
            frames = []
            for stream in range(first, first + 100, 2):
                block = HeadersFrame(stream, head)
                block.flags.add("END_HEADERS")
                frames += [block.serialize(), WindowUpdateFrame(stream, window_increment=2**31 - 1).serialize()]
            client.send(b"".join(frames))
        assert is_told_to_calm_down(client)
    assert len(others_are_served(g, up)) <= 300


@pytest.mark.parametrize("size", [0, 1, 1_000])
def test_a_head_that_goes_on_and_on_ends_the_connection(shared, size):
    g, up = shared
    with Http2Client(g.ports["proxy"]) as client:
        head = HeadersFrame(1, client.http2.encoder.encode(REQUEST))
        head.flags.add("END_STREAM")
        client.send(head.serialize())
        piece = b"\0" + b"\1a" + b"\1b"  # a field that is not indexed
        client.send(ContinuationFrame(1, piece * (size // len(piece) + (size > 0))).serialize() * 3_000)
        assert is_told_to_calm_down(client)
    assert others_are_served(g, up) == []


def test_a_small_head_that_unfolds_to_a_large_one_is_refused(shared):
    g, up = shared
    with Http2Client(g.ports["proxy"]) as client:
        client.ask("GET", "/a", headers=[("x-large", "x" * 3_000)])
        stream = client.http2.get_next_available_stream_id()
        answer = client.begin("GET", "/a", headers=[("x-large", "x" * 3_000)] * 90)
        assert stream == answer and client.answer(answer).status == 431
    up.take_seen()


def test_more_streams_than_allowed_are_refused(gateway, upstream):
    import threading
    held = threading.Event()
    up = upstream(answers=[{"held": held, "body": "x"}])
    g = gateway({"apisix": {"http2": {"max_concurrent_streams": 5}}},
                resources={"routes": [{"id": "r", "uri": "/*", "upstream": {"nodes": {up.address: 1}}}]})
    with Http2Client(g.ports["proxy"]) as client:
        streams = [client.begin("GET", f"/{n}") for n in range(5)]  # before our SETTINGS have come
        refused = client.begin("GET", "/more")
        assert client.answer(refused).reset == 7  # REFUSED_STREAM
        held.set()
        assert [client.answer(stream).text for stream in streams] == ["x"] * 5


def test_a_connection_without_requests_ends_in_its_time(gateway, upstream):
    g = gateway({"nginx_config": {"http": {"keepalive_timeout": "1s"}}},
                resources={"routes": [{"id": "r", "uri": "/*", "upstream": {"nodes": {upstream().address: 1}}}]})
    with Http2Client(g.ports["proxy"]) as client:
        assert client.ask("GET", "/a").status == 200
        assert client.until_closed() == [(0, 1)]


def test_a_body_that_does_not_come_is_not_awaited_for_ever(gateway, upstream):
    g = gateway({"nginx_config": {"http": {"client_body_timeout": "500ms"}}},
                resources={"routes": [{"id": "r", "uri": "/*", "upstream": {"nodes": {upstream().address: 1}}}]})
    with Http2Client(g.ports["proxy"]) as client:
        stream = client.begin("POST", "/a", headers=[("content-length", "10")], end=False)
        assert client.answer(stream).status == 408


def test_a_response_that_is_not_taken_is_given_up(gateway, upstream):
    up = upstream(answers=[{"status": 200, "body": "x" * 1_000_000}])
    g = gateway({"nginx_config": {"http": {"send_timeout": "500ms"}}},
                resources={"routes": [{"id": "r", "uri": "/*", "upstream": {"nodes": {up.address: 1}}}]})
    with Http2Client(g.ports["proxy"]) as client:
        client.takes_data = False
        stream = client.begin("GET", "/a")
        answer = client.answer(stream)
        assert answer.reset is not None and len(answer.body) == 65_535
    g.wait_for_line("client_timeout", "logs/access.log")
