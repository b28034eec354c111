"""WebSocket through the gateway, with a client and a server of the field."""
import asyncio
import contextlib
import select
import socket
import ssl

import pytest
import websockets

from harness.certificates import Certificate, authority, client_context
from harness.patience import seconds

NAME = "chat.example"


@contextlib.asynccontextmanager
async def echo_server(**options):
    """Answers each message with itself; its address."""
    async def echo(connection):
        with contextlib.suppress(websockets.ConnectionClosed):
            async for message in connection:
                await connection.send(message)

    async with websockets.serve(echo, "127.0.0.1", 0, max_size=None, **options) as server:
        yield "127.0.0.1:%d" % server.sockets[0].getsockname()[1]


def route(address, **members):
    return {"routes": [{"id": 1, "uri": "/chat/*", "enable_websocket": True, "upstream": {"nodes": {address: 1}},
                        **members}]}


def run(work):
    asyncio.run(asyncio.wait_for(work, seconds(60)))


@pytest.mark.parametrize("compression", [None, "deflate"])
def test_messages_of_every_size_come_back(gateway, compression):
    async def work():
        async with echo_server(compression=compression) as address:
            one = gateway(resources=route(address))
            async with websockets.connect(f"ws://127.0.0.1:{one.ports['proxy']}/chat/1", compression=compression,
                                          max_size=None) as client:
                for message in ["", "hello", b"\0\xff", "x" * 70_000, bytes(range(256)) * 20_000]:
                    await client.send(message)
                    assert await client.recv() == message
                await (await client.ping())
            assert client.close_code == 1000
            await log_has(one, '"GET /chat/1 HTTP/1.1" 101')

    run(work())


async def log_has(one, text):
    while text not in one.path("logs/access.log").read_text():
        await asyncio.sleep(0.01)


def test_many_talk_at_once(gateway):
    async def talk(one, number):
        async with websockets.connect(f"ws://127.0.0.1:{one.ports['proxy']}/chat/{number}") as client:
            for i in range(20):
                await client.send(f"{number}: {i}")
                assert await client.recv() == f"{number}: {i}"

    async def work():
        async with echo_server() as address:
            one = gateway(resources=route(address))
            await asyncio.gather(*(talk(one, number) for number in range(50)))

    run(work())


def test_over_tls_on_both_sides(gateway, tmp_path):
    root = authority()
    behind = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    behind.load_cert_chain(*Certificate("node.example", root).write(tmp_path))

    async def work():
        async with echo_server(ssl=behind) as address:
            made = route(address, upstream={"scheme": "https", "nodes": {address: 1}})
            one = gateway(resources={"ssls": [{"id": "1", **Certificate(NAME, root).ssl()}], **made})
            async with websockets.connect(f"wss://{NAME}/chat/1", host="127.0.0.1", port=one.ports["tls"],
                                          ssl=client_context(root), server_hostname=NAME,
                                          max_size=None) as client:
                for message in ["hello", "x" * 2_000_000]:
                    await client.send(message)
                    assert await client.recv() == message

    run(work())


def test_plugins_of_the_route_see_the_handshake(gateway):
    async def work():
        async with echo_server() as address:
            plugins = {"response-rewrite": {"headers": {"set": {"X-Seen": "yes"}}}, "request-id": {}}
            one = gateway(resources=route(address, plugins=plugins))
            async with websockets.connect(f"ws://127.0.0.1:{one.ports['proxy']}/chat/1") as client:
                assert client.response_headers["X-Seen"] == "yes"
                assert client.response_headers["X-Request-Id"]
                await client.send("hello")
                assert await client.recv() == "hello"

    run(work())


def test_without_the_setting_there_is_no_switch(gateway):
    async def work():
        async with echo_server() as address:
            one = gateway(resources=route(address, enable_websocket=False))
            with pytest.raises(websockets.InvalidStatusCode) as refused:
                await websockets.connect(f"ws://127.0.0.1:{one.ports['proxy']}/chat/1")
            assert refused.value.status_code == 426

    run(work())


def test_one_where_nobody_speaks_ends(gateway):
    async def work():
        async with echo_server() as address:
            one = gateway(resources=route(address, timeout={"connect": 5, "send": 5, "read": 0.3}))
            client = await websockets.connect(f"ws://127.0.0.1:{one.ports['proxy']}/chat/1", ping_interval=None)
            await client.wait_closed()
            assert client.close_code == 1006

    run(work())


def test_what_a_client_sent_before_it_left_still_arrives(gateway):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(seconds(30))
        one = gateway(resources=route("127.0.0.1:%d" % listener.getsockname()[1]))
        with one.connect() as client:
            client.send("GET /chat/1 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
            upstream, _ = listener.accept()
            upstream.settimeout(seconds(30))
            with upstream:
                assert upstream.recv(4096).startswith(b"GET /chat/1 ")
                upstream.sendall(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                                 b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n")
                assert client.read().status == 101
                sent = send_until_nobody_takes(client.stream.sock)
                client.close()
                assert len(b"".join(iter(lambda: upstream.recv(1 << 20), b""))) == sent


def send_until_nobody_takes(sock):
    """How many bytes wait on the way to one who reads nothing."""
    sock.setblocking(False)
    sent = 0
    while select.select([], [sock], [], 0.5)[1]:
        sent += sock.send(bytes(1 << 16))
    return sent
