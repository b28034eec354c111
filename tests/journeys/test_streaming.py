"""What has come is passed on while the rest is still awaited, however little it is."""
import threading

import pytest

from harness.wire import chunked
from test_bounded_memory import Endpoint

FRAMINGS = pytest.mark.parametrize("framing", ["sized", "chunked", "until close"])
HEADS = {"sized": b"Content-Length: 6\r\n", "chunked": b"Transfer-Encoding: chunked\r\n", "until close": b""}


def piece(framing, data):
    return b"%x\r\n%s\r\n" % (len(data), data) if framing == "chunked" else data


def route(endpoint):
    return {"routes": [{"id": "r1", "uri": "/a", "upstream": {"nodes": {endpoint.address: 1}}}]}


def read_piece(stream, downstream_is_chunked):
    if not downstream_is_chunked:
        return stream.exactly(2)
    size = int(stream.line(), 16)
    data = stream.exactly(size)
    assert stream.line() == ""
    return data


@FRAMINGS
def test_pieces_of_a_response_do_not_wait_for_the_next(gateway, framing):
    seen = [threading.Event() for _ in range(3)]

    def serve(stream):
        stream.request()
        stream.send(b"HTTP/1.1 200 Fine\r\n" + HEADS[framing] + b"\r\n")
        for number, event in enumerate(seen):
            stream.send(piece(framing, b"%d;" % number))
            assert event.wait(30)
        if framing == "chunked":
            stream.send(chunked([]))

    endpoint = Endpoint(serve)
    one = gateway(resources=route(endpoint))
    with one.connect() as client:
        client.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n")
        head = client.stream.head()
        assert head.status == 200
        for number, event in enumerate(seen):
            assert read_piece(client.stream, bool(head.get("transfer-encoding"))) == b"%d;" % number
            event.set()
        if head.get("transfer-encoding"):
            assert client.stream.line() == "0"
    endpoint.join()


@pytest.mark.parametrize("framing", ["chunked", "until close"])
def test_the_head_of_a_stream_does_not_wait_for_its_body(gateway, framing):
    seen = threading.Event()

    def serve(stream):
        stream.request()
        stream.send(b"HTTP/1.1 200 Fine\r\nContent-Type: text/event-stream\r\n" + HEADS[framing] + b"\r\n")
        assert seen.wait(30)
        stream.send(chunked(["late"]) if framing == "chunked" else b"late")

    endpoint = Endpoint(serve)
    one = gateway(resources=route(endpoint))
    with one.connect() as client:
        client.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n")
        head = client.stream.head()
        assert head.get("content-type") == "text/event-stream"
        seen.set()
        client.stream.chunked_body(head)
        assert head.body == b"late"
    endpoint.join()


@pytest.mark.parametrize("framing", ["sized", "chunked"])
def test_pieces_of_a_request_do_not_wait_for_the_next(gateway, framing):
    seen = [threading.Event() for _ in range(4)]

    def serve(stream):
        stream.head()
        seen[0].set()
        for number in range(3):
            assert read_piece(stream, framing == "chunked") == b"%d;" % number
            seen[number + 1].set()
        if framing == "chunked":
            assert stream.line() == "0"
            stream.fields()
        stream.send(b"HTTP/1.1 200 Fine\r\nContent-Length: 0\r\n\r\n")

    endpoint = Endpoint(serve)
    one = gateway(resources=route(endpoint))
    with one.connect() as client:
        client.send(b"POST /a HTTP/1.1\r\nHost: x\r\n" + HEADS[framing] + b"\r\n")
        for number in range(3):
            assert seen[number].wait(30)
            client.send(piece(framing, b"%d;" % number))
        assert seen[3].wait(30)
        if framing == "chunked":
            client.send(chunked([]))
        assert client.read().status == 200
    endpoint.join()


@pytest.mark.parametrize("size", ["4k", "1m"])
def test_buffers_of_any_size_pass_everything(gateway, size):
    body, long_field = bytes(range(256)) * 2000, "x" * 20_000

    def serve(stream):
        head = stream.request()
        assert (head.get("x-long"), head.body) == (long_field, body)
        stream.send(b"HTTP/1.1 200 Fine\r\nX-Long: %s\r\nContent-Length: %d\r\n\r\n" % (long_field.encode(), len(body)) + body)

    endpoint = Endpoint(serve)
    one = gateway({"apisix": {"read_buffer_size": size}}, resources=route(endpoint))
    answer = one.ask("POST", "/a", body=body, headers={"X-Long": long_field})
    assert (answer.status, answer.get("x-long"), answer.body) == (200, long_field, body)
    endpoint.join()
