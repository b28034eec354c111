"""WebSocket in a stream of HTTP/2 (RFC 8441): an extended CONNECT of the client, an upgrade of HTTP/1.1 at the upstream."""
import asyncio
import base64
import contextlib
import hashlib
import os
import select
import signal
import socket
import ssl
import struct
import threading

import pytest
import websockets
from h2.settings import SettingCodes
from websockets.frames import Frame, Opcode
from websockets.streams import StreamReader

from harness.certificates import Certificate, authority, client_context
from harness.h2_client import Http2Client
from harness.patience import seconds, wait_until
from harness.wire import Stream

NAME = "chat.example"
LOGGING = {"nginx_config": {"http": {"access_log_format": "$server_protocol $request $status $upstream_status $reason"}}}
PROTOCOL_ERROR, CANCEL = 1, 8
MIB = 1 << 20


def accept_for(key):
    return base64.b64encode(hashlib.sha1(key.encode() + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()).decode()


class RawUpstream:
    """Shakes hands on every connection, then has `serve` do what it likes with the bytes behind."""

    def __init__(self, serve):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]
        self.heads, self.serve = [], serve
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._run, args=(sock,), daemon=True).start()

    def _run(self, sock):
        sock.settimeout(seconds(60))
        with sock, contextlib.suppress(ConnectionResetError):  # of clients that reset
            stream = Stream(sock)
            head = stream.head()
            self.heads.append(head)
            key = head.get("sec-websocket-key")
            sock.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nX-Mine: 1\r\n"
                         b"Sec-WebSocket-Accept: " + accept_for(key).encode() + b"\r\n\r\n")
            self.serve(sock, stream.buffer)

    def stop(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


def echo(sock, first):
    sock.sendall(first)
    while data := sock.recv(65536):
        sock.sendall(data)


@pytest.fixture
def raw():
    made = []

    def make(serve=echo):
        made.append(RawUpstream(serve))
        return made[-1]

    yield make
    for one in made:
        one.stop()


class EchoServer:
    """A WebSocket server of the field, in a thread of its own."""

    def __init__(self, **options):
        self.loop = asyncio.new_event_loop()
        self.ready = threading.Event()
        self.thread = threading.Thread(target=self._run, args=(options,), daemon=True)
        self.thread.start()
        assert self.ready.wait(seconds(30))

    def _run(self, options):
        self.loop.run_until_complete(self._serve(options))

    async def _serve(self, options):
        self.stopped = asyncio.Event()

        async def each(connection):
            async for message in connection:
                await connection.send(message)

        async with websockets.serve(each, "127.0.0.1", 0, max_size=None, **options) as server:
            self.address = "127.0.0.1:%d" % server.sockets[0].getsockname()[1]
            self.ready.set()
            await self.stopped.wait()

    def __enter__(self):
        return self

    def __exit__(self, *failure):
        self.loop.call_soon_threadsafe(self.stopped.set)
        self.thread.join(seconds(30))


def route(address, **members):
    return {"routes": [{"id": 1, "uri": "/chat/*", "enable_websocket": True, "upstream": {"nodes": {address: 1}},
                        **members}]}


def connect(client, path="/chat/1", protocol="websocket", authority="gateway.test", scheme="http", headers=()):
    """Sends an extended CONNECT; its stream."""
    pseudo = [(":method", "CONNECT"), (":protocol", protocol), (":scheme", scheme), (":authority", authority), (":path", path)]
    return client.begin("CONNECT", path, [("sec-websocket-version", "13"), *headers], end=False, pseudo=pseudo)


def open_tunnel(client, **more):
    stream = connect(client, **more)
    client.until(lambda: client.answers[stream].status or client.answers[stream].is_over)
    assert client.answers[stream].status == 200
    return stream


class Messages:
    """Messages of WebSocket on the stream of a client."""

    def __init__(self, client, stream):
        self.client, self.stream, self.at = client, stream, 0

    def send(self, message):
        opcode = Opcode.TEXT if isinstance(message, str) else Opcode.BINARY
        data = message.encode() if isinstance(message, str) else message
        self.client.data(self.stream, Frame(opcode, data).serialize(mask=True))

    def close(self):
        self.client.data(self.stream, Frame(Opcode.CLOSE, struct.pack(">H", 1000)).serialize(mask=True))

    def receive(self):
        """The next message, or the bytes of a close."""
        reader = StreamReader()
        parser = Frame.parse(reader.read_exact, mask=False)
        while True:
            body = self.client.answers[self.stream].body
            reader.feed_data(body[self.at:])
            self.at = len(body)
            try:
                next(parser)
            except StopIteration as done:
                self.at -= len(reader.buffer)
                return done.value.data.decode() if done.value.opcode is Opcode.TEXT else done.value.data
            self.client.until(lambda: len(self.client.answers[self.stream].body) > self.at)


def has_log_line(gateway, pattern):
    return gateway.wait_for_line(pattern, "logs/access.log")


def test_the_setting_is_announced_and_messages_of_every_size_come_back(gateway):
    with EchoServer(compression=None) as server:
        one = gateway(LOGGING, resources=route(server.address))
        with Http2Client(one.ports["proxy"]) as client:
            client.until(lambda: client.http2.remote_settings.get(SettingCodes.ENABLE_CONNECT_PROTOCOL) == 1)
            talk = Messages(client, open_tunnel(client))
            for message in ["", "hello", b"\0\xff", "x" * 70_000, bytes(range(256)) * 20_000]:
                talk.send(message)
                assert talk.receive() == (message or "")
            talk.close()
            assert talk.receive() == struct.pack(">H", 1000)
            answer = client.answer(talk.stream)
            assert answer.ended and answer.reset in (None, 0)
        has_log_line(one, r"^HTTP/2.0 GET /chat/1 HTTP/2.0 200 101 -$")


def test_the_upstream_sees_an_upgrade_and_the_client_none_of_it(gateway, raw):
    up = raw()
    one = gateway(LOGGING, resources=route(up.address, plugins={"response-rewrite": {"headers": {"set": {"X-Seen": "yes"}}}}))
    with Http2Client(one.ports["proxy"]) as client:
        stream = open_tunnel(client, headers=[("origin", "http://a.test"), ("sec-websocket-protocol", "chat")])
        head, names = up.heads[0], [name for name, _ in client.answers[stream].headers]
        assert head.start == "GET /chat/1 HTTP/1.1" and head.get("host") == "gateway.test"
        assert (head.get("upgrade"), head.get("connection")) == ("websocket", "upgrade")
        assert len(base64.b64decode(head.get("sec-websocket-key"))) == 16
        assert head.get("origin") == "http://a.test" and head.get("sec-websocket-protocol") == "chat"
        assert head.get("transfer-encoding") is None and head.get("content-length") is None
        answer = client.answers[stream]
        assert answer.get("x-mine") == "1" and answer.get("x-seen") == "yes"
        assert not {"upgrade", "connection", "sec-websocket-accept", "content-length", "transfer-encoding"} & set(names)
        other = open_tunnel(client)
        assert up.heads[1].get("sec-websocket-key") != head.get("sec-websocket-key")
        client.reset(other)


def test_over_tls_on_both_sides(gateway, tmp_path):
    root = authority()
    behind = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    behind.load_cert_chain(*Certificate("node.example", root).write(tmp_path))
    with EchoServer(ssl=behind, compression=None) as server:
        made = route(server.address, upstream={"scheme": "https", "nodes": {server.address: 1}})
        one = gateway(LOGGING, resources={"ssls": [{"id": "1", **Certificate(NAME, root).ssl()}], **made})
        with Http2Client(one.ports["tls"], client_context(root), NAME) as client:
            talk = Messages(client, open_tunnel(client, authority=NAME, scheme="https"))
            for message in ["hello", "x" * 2_000_000]:
                talk.send(message)
                assert talk.receive() == message


def test_many_talk_at_once_on_one_connection(gateway):
    with EchoServer(compression=None) as server:
        one = gateway(resources=route(server.address))
        with Http2Client(one.ports["proxy"]) as client:
            talks = [Messages(client, connect(client, path=f"/chat/{n}")) for n in range(90)]
            client.until(lambda: all(client.answers[talk.stream].status == 200 for talk in talks))
            for turn in range(5):
                for n, talk in enumerate(talks):
                    talk.send(f"{n}: {turn}")
                for n, talk in enumerate(talks):
                    assert talk.receive() == f"{n}: {turn}"
            assert client.begin("GET", "/none") and client.ask("GET", "/none").status == 404
            for talk in talks:
                talk.close()
            for talk in talks:
                assert client.answer(talk.stream).ended


def test_a_client_that_ends_its_side_still_gets_what_the_upstream_says(gateway, raw):
    def serve(sock, data):
        while more := sock.recv(65536):
            data += more
        sock.sendall(data[::-1])

    one = gateway(LOGGING, resources=route(raw(serve).address))
    with Http2Client(one.ports["proxy"]) as client:
        stream = open_tunnel(client)
        client.data(stream, b"last words", end=True)
        answer = client.answer(stream)
        assert (answer.body, answer.ended) == (b"sdrow tsal", True)
    has_log_line(one, r" 200 101 -$")


def test_what_comes_with_the_head_of_the_request_reaches_the_upstream(gateway, raw):
    one = gateway(resources=route(raw().address))
    with Http2Client(one.ports["proxy"]) as client:
        stream = connect(client)
        client.data(stream, b"early", end=True)
        assert client.answer(stream).body == b"early"


def test_a_client_that_resets_breaks_the_connection_of_the_upstream(gateway, raw):
    ends = []

    def serve(sock, data):
        sock.sendall(b"there")
        try:
            ends.append(sock.recv(1))
        except ConnectionResetError:
            ends.append("reset")

    one = gateway(LOGGING, resources=route(raw(serve).address))
    with Http2Client(one.ports["proxy"]) as client:
        stream = open_tunnel(client)
        client.until(lambda: client.answers[stream].body == b"there")
        client.reset(stream, CANCEL)
        wait_until(lambda: ends, "the upstream to see the end")
        assert ends == ["reset"]
        has_log_line(one, r" 200 101 client_closed$")
        assert client.ask("GET", "/none").status == 404


def test_an_upstream_that_breaks_its_connection_resets_the_stream_alone(gateway, raw):
    def serve(sock, data):
        assert sock.recv(1) == b"!"
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    one = gateway(LOGGING, resources=route(raw(serve).address))
    with Http2Client(one.ports["proxy"]) as client:
        first, second = open_tunnel(client), open_tunnel(client)
        client.data(first, b"!")
        assert client.answer(first).reset == CANCEL
        assert not client.answers[second].is_over
        has_log_line(one, r" 200 101 upstream_broke_off$")
        client.data(second, b"!")
        assert client.answer(second).reset == CANCEL


def test_an_upstream_that_ends_ends_the_stream(gateway, raw):
    def serve(sock, data):
        sock.sendall(b"bye")

    one = gateway(LOGGING, resources=route(raw(serve).address))
    with Http2Client(one.ports["proxy"]) as client:
        answer = client.answer(open_tunnel(client))
        assert (answer.body, answer.ended) == (b"bye", True)
    has_log_line(one, r" 200 101 -$")


def test_trailers_have_no_place_in_a_tunnel(gateway, raw):
    one = gateway(resources=route(raw().address))
    with Http2Client(one.ports["proxy"]) as client:
        stream = open_tunnel(client)
        client.trailers(stream, [("x-a", "1")])
        assert client.answer(stream).reset == PROTOCOL_ERROR
        assert client.ask("GET", "/none").status == 404


def stalled_bytes(sock):
    """Sends until the peer has taken nothing for a while."""
    sock.setblocking(False)
    poll, piece, sent = select.poll(), os.urandom(65536), 0
    poll.register(sock, select.POLLOUT)
    while sent < 256 * MIB and poll.poll(300):
        sent += sock.send(piece)
    sock.settimeout(seconds(60))
    return sent


def test_a_client_that_takes_nothing_holds_the_upstream_up(gateway, raw):
    sent = []

    def serve(sock, data):
        sent.append(stalled_bytes(sock))
        sock.recv(1)  # until the client is gone

    one = gateway(resources=route(raw(serve).address))
    with Http2Client(one.ports["proxy"]) as client:
        client.takes_data = False
        stream = open_tunnel(client)
        other = connect(client, path="/none")
        wait_until(lambda: sent, "the upstream to be held up")
        client.until(lambda: client.answers[other].is_over)
        assert client.answers[other].status == 404
        client.takes_data = True
        client.give_back(stream)
        client.until(lambda: len(client.answers[stream].body) == sent[0])
        assert sent[0] < 16 * MIB
        client.reset(stream)


def test_an_upstream_that_takes_nothing_leaves_the_window_closed(gateway, raw):
    released, taken = threading.Event(), []

    def serve(sock, data):
        assert released.wait(seconds(60))
        total = len(data)
        while more := sock.recv(65536):
            total += len(more)
        taken.append(total)

    one = gateway(resources=route(raw(serve).address))
    with Http2Client(one.ports["proxy"]) as client:
        stream, total = open_tunnel(client), 0
        other = open_tunnel(client)
        client.sock.settimeout(1)
        with pytest.raises(Exception, match="nothing arrived in time"):
            while total < 256 * MIB:
                client.data(stream, b"x" * 16384)
                total += 16384
        assert total < 16 * MIB
        client.sock.settimeout(seconds(60))
        client.data(other, b"!")  # the connection's window is not closed
        released.set()
        client.data(stream, b"", end=True)
        client.answer(stream)
        assert taken[0] >= total


def test_one_where_nobody_speaks_ends(gateway, raw):
    one = gateway(LOGGING, resources=route(raw().address, timeout={"connect": 5, "send": 5, "read": 0.3}))
    with Http2Client(one.ports["proxy"]) as client:
        assert client.answer(open_tunnel(client)).ended
    has_log_line(one, r" 200 101 tunnel_idle$")


def test_it_is_refused_where_the_route_does_not_allow_it(gateway, raw):
    up = raw()
    one = gateway(LOGGING, resources=route(up.address, enable_websocket=False))
    with Http2Client(one.ports["proxy"]) as client:
        assert client.answer(connect(client)).status == 501
        assert client.answer(connect(client, protocol="connect-udp")).status == 501
        assert client.answer(connect(client, path="/none")).status == 404
    assert up.heads == []
    has_log_line(one, r" 501 - websocket_not_enabled$")
    has_log_line(one, r" 501 - protocol_not_implemented$")


def test_upstreams_of_http2_are_not_asked(gateway, raw):
    up = raw()
    one = gateway(LOGGING, resources=route(up.address, upstream={"nodes": {up.address: 1}, "http_version": "2"}))
    with Http2Client(one.ports["proxy"]) as client:
        assert client.answer(connect(client)).status == 501
    has_log_line(one, r" 501 - websocket_to_http2_upstream$")


def test_an_answer_of_a_plugin_never_looks_like_a_tunnel(gateway, raw):
    up = raw()
    abort = {"fault-injection": {"abort": {"http_status": 200, "body": "hello"}}}
    one = gateway(LOGGING, resources=route(up.address, plugins=abort))
    with Http2Client(one.ports["proxy"]) as client:
        assert client.answer(connect(client)).status == 502
    assert up.heads == []
    has_log_line(one, r" 502 - no_tunnel$")


def test_term_waits_for_tunnels_and_takes_no_new_ones(gateway, raw):
    one = gateway(LOGGING, resources=route(raw().address))
    with Http2Client(one.ports["proxy"]) as client:
        stream = open_tunnel(client)
        one.signal(signal.SIGTERM)
        client.until(lambda: len(client.goaways) == 2)
        client.data(stream, b"still here")
        client.until(lambda: client.answers[stream].body == b"still here")
        client.http2.end_stream(stream)
        client.flush()
        assert client.answer(stream).ended
        client.until_closed()
    assert one.wait_for_end() == 0
    one.check_sanitizers()
    has_log_line(one, r" 200 101 -$")


def test_a_change_of_routes_leaves_tunnels_alone(gateway, raw):
    up = raw()
    one = gateway(resources=route(up.address))
    with Http2Client(one.ports["proxy"]) as client:
        stream = open_tunnel(client)
        one.put_all(route(up.address, enable_websocket=False))
        wait_until(lambda: client.answer(connect(client)).status == 501, "the change to be served")
        client.data(stream, b"still here")
        client.until(lambda: client.answers[stream].body == b"still here")
