"""Autobahn's suite for WebSocket servers, against a server of the field alone and through the gateway: what counts is
that nothing comes out differently."""
import asyncio
import collections
import contextlib
import json
import subprocess
import tempfile
import threading
from pathlib import Path

import websockets

from harness.gateway import Gateway
from harness.patience import seconds

from . import programs
from .outcome import Outcome

# Framing, pings, reserved bits, opcodes, fragments, UTF-8, closing, limits, automatic fragments. Compression (12, 13) is
# between the two ends alone, as every extension is.
CASES = ["1.*", "2.*", "3.*", "4.*", "5.*", "6.*", "7.*", "9.*", "10.*"]
ATTEMPTS = 4


class EchoServer:
    def __init__(self):
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(self._serve(), self._loop).result()
        self.address = "127.0.0.1:%d" % self._server.sockets[0].getsockname()[1]

    async def _serve(self):
        return await websockets.serve(self._echo, "127.0.0.1", 0, max_size=None, compression=None, ping_interval=None)

    @staticmethod
    async def _echo(connection):
        with contextlib.suppress(websockets.ConnectionClosed):
            async for message in connection:
                await connection.send(message)

    def stop(self):
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()


def results(address, cases):
    """{case: (behaviour, behaviour of closing, the other's close code)}"""
    with tempfile.TemporaryDirectory(prefix="sallyport-autobahn-") as folder:
        spec = {"outdir": folder, "servers": [{"agent": "it", "url": f"ws://{address}/chat"}], "cases": cases, "exclude-cases": [],
                "exclude-agent-cases": {}}
        (Path(folder) / "spec.json").write_text(json.dumps(spec))
        subprocess.run([*programs.autobahn(), "-m", "fuzzingclient", "-s", f"{folder}/spec.json"], cwd=folder, stdin=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=seconds(600), check=True)
        found = json.loads((Path(folder) / "index.json").read_text())["it"]
        return {case: (one["behavior"], one["behaviorClose"], one["remoteCloseCode"]) for case, one in found.items()}


def differences(alone, through):
    return [case for case in sorted(alone.keys() | through.keys()) if not alone[case] & through[case]]


def compare(direct, proxied):
    """The results alone and those through the gateway, {case: those that were seen}, and the cases that have none in
    common. These are asked again: some outcomes (NON-STRICT or OK) hang on whether an answer is faster than the next
    frame, alone as well."""
    alone, through = collections.defaultdict(set), collections.defaultdict(set)
    cases = CASES
    for _ in range(1 + ATTEMPTS):
        for seen, address in ((alone, direct), (through, proxied)):
            for case, result in results(address, cases).items():
                seen[case].add(result)
        cases = differences(alone, through)
        if not cases:
            break
    return alone, through, cases


def run(reactor):
    server = EchoServer()
    route = {"id": "1", "uri": "/chat", "enable_websocket": True, "upstream": {"nodes": {server.address: 1}}}
    try:
        with Gateway(resources={"routes": [route]}, options=["--reactor", reactor]) as gateway:
            gateway.start()
            alone, through, different = compare(server.address, f"127.0.0.1:{gateway.ports['proxy']}")
    finally:
        server.stop()
    notes = [f"{case}: {sorted(alone[case])} alone, {sorted(through[case])} through the gateway" for case in different]
    kinds = collections.Counter(behaviour for seen in through.values() for behaviour in {result[0] for result in seen})
    said = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common())
    yield Outcome(f"Autobahn, {reactor}", len(alone), len(alone) - len(notes), [*notes, f"Autobahn's own words, {reactor}: {said}"])
