"""Plugins that speak to other services over gRPC streams, with a server of grpcio; the plugin is sdk_c/chats_grpc.c."""
import subprocess
from pathlib import Path

import pytest

from harness.engines import isolations
from harness.grpc_server import GrpcServer
from harness.modules import ROOT
from harness.patience import wait_until

SOURCE = Path(__file__).parent / "sdk_c/chats_grpc.c"


@pytest.fixture(scope="session")
def module(tmp_path_factory):
    to = tmp_path_factory.mktemp("chats") / "chats_grpc.wasm"
    subprocess.run(["clang-19", "--target=wasm32", "-nostdlib", "-Wl,--no-entry", "-std=c11", "-O2", "-Wall", "-Wextra", "-Wpedantic",
                    "-Werror", "-I", ROOT / "sdk/c", "-o", to, SOURCE], check=True)
    return to


@pytest.fixture
def echo():
    server = GrpcServer()
    yield server
    server.stop()


@pytest.fixture
def chatting(gateway, upstream, module):
    """Makes a gateway whose plugin speaks to each method of the upstream `echo` under a host of that name."""

    def make(address, **plugin):
        there = upstream().address
        routes = [{"id": name, "uri": "/*", "host": name, "upstream": {"nodes": {there: 1}}, "plugins": {"wasm": {"conf": {
            "path": str(module), "name": "chats-grpc", "config": name, **plugin}}}} for name in ("Chat", "Many", "Gather", "Fail", "Wait")]
        return gateway({"nginx_config": {"worker_processes": 1}, "wasm": {"enable": True, "allowed_dirs": [str(module.parent)]}}, resources={
            "upstreams": [{"id": "u1", "name": "echo", "scheme": "grpc", "nodes": {address: 1}}], "routes": routes})

    return make


def told(one, method, path):
    answer = one.ask("GET", path, host=method)
    assert answer.status == 200, answer.text
    return answer.text


@pytest.mark.parametrize("isolation", isolations)
def test_messages_go_both_ways_until_the_end(chatting, echo, isolation):
    one = chatting(echo.address, isolation=isolation)
    assert told(one, "Chat", "/abc") == "first=1 a b c last=2 bytes=3 status=0 "
    assert told(one, "Chat", "/talk/abcdef") == "first=1 a b c d e f last=2 bytes=6 status=0 "
    assert told(one, "Many", "/z") == "first= z last= bytes=1 status=0 "
    assert told(one, "Gather", "/abcdef") == "first= abcdef last= bytes=6 status=0 "
    assert told(one, "Chat", "/quiet") == "first=1 last=2 bytes=0 status=0 "
    assert echo.seen[0][0]["x-asks"] == "plugin"


def test_what_is_large_flows_as_fast_as_both_sides_take_it(chatting, echo):
    assert told(chatting(echo.address), "Chat", "/large") == "first=1 last=2 bytes=2000000 status=0 "


def test_a_message_over_the_limit_ends_the_stream(chatting, echo):
    one = chatting(echo.address, max_http_call_body="64k")
    assert told(one, "Chat", "/large").startswith("first=1 last= bytes=0 status=8 a message of the answer has 100000 bytes")


def test_a_status_comes_back_with_its_message(chatting, echo):
    assert told(chatting(echo.address), "Fail", "/a") == "first= last= bytes=0 status=3 not that"


def test_a_deadline_ends_the_stream_on_both_sides(chatting, echo):
    assert " bytes=0 status=4 " in told(chatting(echo.address), "Wait", "/soon")
    assert echo.ended.wait(30)
    assert echo.seen[0][1] <= 0.05


def test_a_stream_that_is_cancelled_ends_there(chatting, echo):
    one = chatting(echo.address)
    assert told(one, "Wait", "/later") == "opened"
    wait_until(lambda: echo.seen, one.tell)
    assert not echo.ended.is_set()
    assert told(one, "Wait", "/a") == "cancelled"
    assert echo.ended.wait(30)


def test_nobody_there_is_unavailable(chatting, upstream):
    assert " status=14 " in told(chatting(upstream(down=True).address), "Chat", "/a")
