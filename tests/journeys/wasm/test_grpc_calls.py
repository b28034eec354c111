"""Plugins that call other services over gRPC."""
import pytest

from harness.grpc_server import GrpcServer
from harness.modules import modules


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
