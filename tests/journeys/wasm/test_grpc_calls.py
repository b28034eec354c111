"""Plugins that call other services over gRPC: a module of its own, and the example auth-grpc-rust by the published SDK."""
import grpc
import pytest

from harness.engines import needs_sandboxes
from harness.grpc_server import GrpcServer
from harness.modules import examples, modules


@pytest.fixture
def echo():
    server = GrpcServer()
    yield server
    server.stop()


@pytest.fixture
def asking(gateway, upstream):
    """Makes a gateway whose plugin calls `method` of the upstream `echo`."""

    def make(address, method, scheme="grpc", **plugin):
        plugin = {"path": f"{modules()}/calls_grpc.wasm", "name": "calls-grpc", "config": method, **plugin}
        return gateway({"wasm": {"enable": True, "allowed_dirs": [str(modules())]}}, resources={
            "upstreams": [{"id": "u1", "name": "echo", "scheme": scheme, "nodes": {address: 1}}],
            "routes": [{"id": "r1", "uri": "/*", "plugins": {"wasm": {"conf": plugin}},
                        "upstream": {"nodes": {upstream().address: 1}}}]})

    return make


def test_a_message_comes_back(asking, echo):
    one = asking(echo.address, "One")
    for _ in range(3):
        answer = one.ask("GET", "/")
        assert (answer.status, answer.text) == (200, "hi")
    metadata, left = echo.seen[0]
    assert left <= 1


@needs_sandboxes
def test_in_a_sandbox_of_its_own_a_message_comes_back(asking, echo):
    one = asking(echo.address, "One", isolation="request")
    assert [one.ask("GET", "/").text for _ in range(3)] == ["hi"] * 3


def test_a_status_comes_back_with_its_message(asking, echo):
    answer = asking(echo.address, "Fail").ask("GET", "/")
    assert (answer.status, answer.text) == (503, "not that")


def test_a_call_that_takes_too_long_ends(asking, echo):
    assert asking(echo.address, "Wait").ask("GET", "/").status == 504
    assert echo.ended.wait(30)


def test_an_upstream_that_speaks_no_grpc_is_refused(asking, upstream):
    one = asking(upstream("other").address, "One", scheme="http")
    assert one.ask("GET", "/").status == 200
    one.wait_for_line("grpc_call to .*echo.* is refused: that upstream is not spoken to in HTTP/2")


def text_field(number, text):
    """A text of fewer than 128 bytes as a field of Protocol Buffers."""
    return bytes([number << 3 | 2, len(text)]) + text.encode()


@pytest.fixture
def guarded(gateway, upstream):
    """A gateway whose route asks auth.v1.Auth, and what that was asked. The user is who the authorization names."""
    asked = []

    def check(question, context):
        asked.append(question)
        if b"mallory" in question:
            context.abort(grpc.StatusCode.PERMISSION_DENIED, "not you,\nmallory")
        if b"authorization" not in question:
            context.abort(grpc.StatusCode.UNAUTHENTICATED, "who are you?")
        return text_field(1, "alice") if b"alice" in question else b"\xff"

    auth = GrpcServer({"auth.v1.Auth": {"Check": check}})
    plugin = {"path": f"{examples()}/auth-grpc-rust.wasm", "name": "auth-grpc", "config": {"upstream": "auth"}}
    there = upstream()
    one = gateway({"wasm": {"enable": True, "allowed_dirs": [str(examples())]}}, resources={
        "upstreams": [{"id": "u1", "name": "auth", "scheme": "grpc", "nodes": {auth.address: 1}}],
        "routes": [{"id": "r1", "uri": "/*", "plugins": {"wasm": {"conf": plugin}}, "upstream": {"nodes": {there.address: 1}}}]})
    yield one, there, asked
    auth.stop()


def test_auth_grpc_rust_asks_about_each_request(guarded):
    one, there, asked = guarded
    passed = one.ask("POST", "/a?b", body="abc", headers={"Authorization": "alice", "X-Auth-User": "root"})
    assert (passed.status, there.seen[-1].all("x-auth-user")) == (200, ["alice"])
    assert asked[-1] == (text_field(1, "POST") + text_field(2, "/a?b") +
                         text_field(3, (text_field(1, "authorization") + text_field(2, "alice")).decode()))
    refused = one.ask("GET", "/", headers={"Authorization": "mallory"})
    assert (refused.status, refused.text) == (403, "not you,\nmallory\n")
    unknown = one.ask("GET", "/")
    assert (unknown.status, unknown.text) == (401, "who are you?\n")
    assert one.ask("GET", "/", headers={"Authorization": "bob"}).text == "the answer cannot be read\n"


def test_auth_grpc_rust_refuses_while_nobody_answers(gateway, upstream):
    plugin = {"path": f"{examples()}/auth-grpc-rust.wasm", "name": "auth-grpc", "config": {"upstream": "auth"}}
    one = gateway({"wasm": {"enable": True, "allowed_dirs": [str(examples())]}}, resources={
        "upstreams": [{"id": "u1", "name": "auth", "scheme": "grpc", "nodes": {upstream(down=True).address: 1}}],
        "routes": [{"id": "r1", "uri": "/*", "plugins": {"wasm": {"conf": plugin}}, "upstream": {"nodes": {upstream().address: 1}}}]})
    assert one.ask("GET", "/").status == 503
    one.wait_for_line("auth says 14: ")
    one.put("upstreams/u1", {"name": "auth", "nodes": {upstream().address: 1}})
    assert one.ask("GET", "/").status == 503
    one.wait_for_line("cannot ask auth: ParseFailure")
