"""gRPC that passes through: its trailers, statuses and deadlines. Some clients here speak HTTP/1, some are of grpcio."""
import queue
import struct

import grpc
import pytest

from harness.full_listener import FullListener
from harness.grpc_server import GrpcServer
from harness.patience import seconds


@pytest.fixture
def grpc_server():
    server = GrpcServer()
    yield server
    server.stop()


def route(address, **upstream):
    return {"routes": [{"id": 1, "uri": "/*", "upstream": {"scheme": "grpc", "nodes": {address: 1}, **upstream}}]}


def framed(message):
    return struct.pack(">BI", 0, len(message)) + message


def call(one, method, message, **headers):
    fields = {"Content-Type": "application/grpc", **{name.replace("_", "-"): value for name, value in headers.items()}}
    return one.ask("POST", f"/test.Echo/{method}", headers=fields, chunks=[framed(message)])


def test_messages_metadata_and_trailers_pass(gateway, grpc_server):
    one = gateway(resources=route(grpc_server.address))
    answer = call(one, "One", b"hello", x_one="1", grpc_timeout="20S")
    assert (answer.status, answer.body) == (200, framed(b"hello"))
    trailers = dict(answer.trailers)
    assert (trailers["grpc-status"], trailers["x-last"]) == ("0", "2")
    metadata, left = grpc_server.seen[0]
    assert metadata["x-one"] == "1"
    assert left <= 20
    assert call(one, "Many", b"abc").body == framed(b"a") + framed(b"b") + framed(b"c")


def test_an_answer_that_is_a_head_alone_stays_one(gateway, grpc_server):
    one = gateway(resources=route(grpc_server.address))
    answer = call(one, "Missing", b"")
    assert (answer.status, answer.body) == (200, b"")
    assert answer.get("grpc-status") == "12"
    answer = call(one, "Fail", b"")
    assert (answer.get("grpc-status") or dict(answer.trailers).get("grpc-status")) == "3"


def test_big_messages_pass(gateway, grpc_server):
    one = gateway(resources=route(grpc_server.address))
    message = bytes(range(256)) * 12_000
    assert call(one, "One", message).body == framed(message)


def test_a_deadline_ends_the_call_at_both_ends(gateway, grpc_server):
    one = gateway(resources=route(grpc_server.address))
    answer = call(one, "Wait", b"", grpc_timeout="200m")
    assert answer.get("grpc-status") == "4"
    assert grpc_server.ended.wait(seconds(30))


def test_a_deadline_ends_the_wait_for_a_connection(gateway):
    full = FullListener()
    one = gateway(resources=route(full.address, timeout={"connect": 3600, "send": 3600, "read": 3600}))
    assert call(one, "One", b"x", grpc_timeout="200m").get("grpc-status") == "4"
    one.wait_for_line("reason=deadline_exceeded", log="logs/access.log")
    full.close()


def test_what_the_gateway_answers_itself_is_grpc(gateway, upstream):
    one = gateway(resources=route(upstream(down=True).address))
    answer = call(one, "One", b"x")
    assert (answer.status, answer.get("grpc-status"), answer.get("content-type")) == (200, "14", "application/grpc")
    assert one.ask("GET", "/").status == 502


@pytest.fixture
def stub(gateway, grpc_server):
    """Calls of grpcio's client through the gateway: stub(kind)(method)."""
    one = gateway(resources=route(grpc_server.address))
    with grpc.insecure_channel(f"127.0.0.1:{one.ports['proxy']}") as channel:
        yield lambda kind, method: getattr(channel, kind)(f"/test.Echo/{method}")


def test_clients_of_grpc_are_served(stub, grpc_server):
    message = bytes(range(256)) * 12_000
    reply, call = stub("unary_unary", "One").with_call(message, metadata=[("x-one", "1")], timeout=60)
    assert reply == message
    assert ("x-first", "1") in call.initial_metadata()
    assert ("x-last", "2") in call.trailing_metadata()
    assert grpc_server.seen[0][0]["x-one"] == "1"
    assert list(stub("unary_stream", "Many")(b"abc")) == [b"a", b"b", b"c"]
    assert stub("stream_unary", "Gather")(iter([b"a", b"b"])) == b"ab"


def test_messages_go_both_ways_at_once(stub):
    to_send = queue.Queue()
    answers = stub("stream_stream", "Chat")(iter(to_send.get, None), timeout=60)
    for i in range(5):
        to_send.put(bytes([i]))
        assert next(answers) == bytes([i])
    to_send.put(None)
    assert list(answers) == []


def test_clients_of_grpc_see_statuses_and_deadlines(stub, grpc_server):
    with pytest.raises(grpc.RpcError) as refused:
        stub("unary_unary", "Fail")(b"", timeout=60)
    assert (refused.value.code(), refused.value.details()) == (grpc.StatusCode.INVALID_ARGUMENT, "not that")
    with pytest.raises(grpc.RpcError) as late:
        stub("unary_unary", "Wait")(b"", timeout=0.2)
    assert late.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED
    assert grpc_server.ended.wait(seconds(30))
