"""Pieces of bodies that a plugin holds until a tick or another exchange lets them go on, though nothing more comes."""
import threading

import pytest

from harness.modules import assemble
from harness.patience import wait_until
from harness.wire import chunked
from test_bounded_memory import Endpoint

# Holds every piece of a body but the last and logs it. A tick, if there is any configuration, lets what is held of both
# directions go on. A request with x-then lets go on what is held of the request (up), of the response (down), or has
# the exchange answered (answer); it is answered itself.
HOLDING = """(module
  (import "env" "proxy_set_tick_period_milliseconds" (func $every (param i32) (result i32)))
  (import "env" "proxy_get_header_map_value" (func $get (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_set_effective_context" (func $choose (param i32) (result i32)))
  (import "env" "proxy_continue_stream" (func $continue (param i32) (result i32)))
  (import "env" "proxy_send_local_response" (func $answer (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "x-then") (data (i32.const 20) "held up") (data (i32.const 40) "held down")
  (global $held (mut i32) (i32.const 0))
  (func (export "proxy_on_memory_allocate") (param i32) (result i32) (i32.const 1024))
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "proxy_on_configure") (param i32 i32) (result i32)
    (if (local.get 1) (then (drop (call $every (i32.const 20)))))
    (i32.const 1))
  (func (export "proxy_on_tick") (param i32)
    (if (i32.eqz (call $choose (global.get $held))) (then
      (drop (call $continue (i32.const 0)))
      (drop (call $continue (i32.const 1))))))
  (func $say (param $status i32)
    (drop (call $answer (local.get $status) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 6) (i32.const 0)
                        (i32.const 0) (i32.const -1))))
  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) (local $what i32)
    (if (call $get (i32.const 0) (i32.const 0) (i32.const 6) (i32.const 60) (i32.const 64))
      (then (return (i32.const 0))))
    (local.set $what (i32.load8_u (i32.load (i32.const 60))))
    (drop (call $choose (global.get $held)))
    (if (i32.eq (local.get $what) (i32.const 117)) (then (drop (call $continue (i32.const 0)))))
    (if (i32.eq (local.get $what) (i32.const 100)) (then (drop (call $continue (i32.const 1)))))
    (if (i32.eq (local.get $what) (i32.const 97)) (then (call $say (i32.const 403))))
    (drop (call $choose (i32.const 0)))
    (call $say (i32.const 200))
    (i32.const 0))
  (func (export "proxy_on_request_body") (param i32 i32 i32) (result i32)
    (if (local.get 2) (then (return (i32.const 0))))
    (global.set $held (local.get 0))
    (drop (call $log (i32.const 2) (i32.const 20) (i32.const 7)))
    (i32.const 1))
  (func (export "proxy_on_response_body") (param i32 i32 i32) (result i32)
    (if (local.get 2) (then (return (i32.const 0))))
    (global.set $held (local.get 0))
    (drop (call $log (i32.const 2) (i32.const 40) (i32.const 9)))
    (i32.const 1)))"""

HEAD = b"POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
OK = b"HTTP/1.1 200 Fine\r\nTransfer-Encoding: chunked\r\n\r\n"
END = b"0\r\n\r\n"


def chunk(data):
    return b"%x\r\n%s\r\n" % (len(data), data)


class Held:
    """A gateway of one worker whose route /a has the plugin, and its upstream `serve`."""

    def __init__(self, gateway, serve, ticks=False, **route):
        self.endpoint = Endpoint(serve)
        self.gateway = gateway(settings={"nginx_config": {"worker_processes": 1}, "wasm": {"enable": True}})
        assemble(HOLDING, self.gateway.path("holding.wasm"))
        conf = {"path": "holding.wasm", "name": "holding", **({"config": "ticks"} if ticks else {})}
        self.gateway.put("routes/r1", {"uri": "/a", "plugins": {"wasm": {"conf": conf}},
                                       "upstream": {"nodes": {self.endpoint.address: 1}}, **route})

    def wait(self, direction, times=1):
        def is_held():
            return self.gateway.read("logs/error.log").count(f"plugin holding: held {direction}") >= times

        wait_until(is_held, self.gateway.tell)

    def then(self, what):
        assert self.gateway.ask("GET", "/a", headers={"x-then": what}).status == 200


BY = pytest.mark.parametrize("by", ["a tick", "another exchange"])


@BY
def test_a_piece_of_a_response_goes_on_before_the_next_comes(gateway, by):
    seen = [threading.Event() for _ in range(3)]

    def serve(stream):
        stream.request()
        stream.send(OK)
        for number, event in enumerate(seen):
            stream.send(chunk(b"%d;" % number))
            assert event.wait(30)
        stream.send(END)

    held = Held(gateway, serve, ticks=by == "a tick")
    with held.gateway.connect() as client:
        client.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n")
        for number, event in enumerate(seen):
            held.wait("down", number + 1)
            if by != "a tick":
                held.then("down")
            if number == 0:
                assert client.stream.head().status == 200
            assert client.stream.exactly(7) == chunk(b"%d;" % number)
            event.set()
        assert client.stream.exactly(5) == END
    held.endpoint.join()


@BY
def test_a_piece_of_a_request_goes_on_before_the_next_comes(gateway, by):
    seen = [threading.Event() for _ in range(3)]

    def serve(stream):
        stream.head()
        for number, event in enumerate(seen):
            assert stream.exactly(7) == chunk(b"%d;" % number)
            event.set()
        assert stream.exactly(5) == END
        stream.send(b"HTTP/1.1 200 Fine\r\nContent-Length: 0\r\n\r\n")

    held = Held(gateway, serve, ticks=by == "a tick")
    with held.gateway.connect() as client:
        client.send(HEAD)
        for number, event in enumerate(seen):
            client.send(chunk(b"%d;" % number))
            held.wait("up", number + 1)
            if by != "a tick":
                held.then("up")
            assert event.wait(30)
        client.send(END)
        assert client.read().status == 200
    held.endpoint.join()


@pytest.mark.parametrize("order", [("up", "down"), ("down", "up")])
def test_pieces_of_both_directions_go_on_in_either_order(gateway, order):
    came, goes = threading.Event(), threading.Event()

    def serve(stream):
        stream.head()
        stream.send(OK + chunk(b"down"))
        assert stream.exactly(7) == chunk(b"up")
        came.set()
        assert goes.wait(30)
        assert stream.exactly(5) == END
        stream.send(END)

    held = Held(gateway, serve)
    with held.gateway.connect() as client:
        client.send(HEAD + chunk(b"up"))
        held.wait("up")
        held.wait("down")
        for direction in order:
            held.then(direction)
            if direction == "up":
                assert came.wait(30)
            else:
                assert client.stream.head().status == 200
                assert client.stream.exactly(9) == chunk(b"down")
        goes.set()
        client.send(END)
        assert client.stream.exactly(5) == END
    held.endpoint.join()


@pytest.mark.parametrize("direction", ["up", "down"])
def test_an_exchange_is_answered_while_a_piece_is_held(gateway, direction):
    def serve(stream):
        stream.head()
        if direction == "down":
            stream.send(OK + chunk(b"down"))
        stream.until_close()

    held = Held(gateway, serve)
    with held.gateway.connect() as client:
        client.send(HEAD + chunk(b"up") if direction == "up" else "GET /a HTTP/1.1\r\nHost: x\r\n\r\n")
        held.wait(direction)
        held.then("answer")
        answer = client.read()
        assert (answer.status, answer.text) == (403, "x-then")
    held.endpoint.join()


def test_a_client_that_goes_while_a_piece_is_held_leaves_nothing(gateway):
    gone = threading.Event()

    def serve(stream):
        stream.head()
        stream.send(OK + chunk(b"down"))
        stream.until_close()
        gone.set()

    held = Held(gateway, serve)
    with held.gateway.connect() as client:
        client.send(HEAD + chunk(b"up"))
        held.wait("up")
        held.wait("down")
    assert gone.wait(30)
    held.then("up")
    held.then("down")
    held.endpoint.join()


def test_what_is_held_longer_than_its_sender_may_be_silent_ends_with_that(gateway):
    def serve(stream):
        stream.request()
        stream.send(OK + chunk(b"down"))
        stream.until_close()

    held = Held(gateway, serve, timeout={"connect": 5, "send": 5, "read": 0.2})
    assert held.gateway.ask("GET", "/a").status == 504
    held.then("down")
    held.endpoint.join()
