"""Requests at their own pace, some of which compute for long in a plugin: how long do the others take?"""
import asyncio
import dataclasses
import os
import pathlib
import random
import statistics
import tempfile
import time

from . import gateway, machine, process

PLUGIN = "computes"
RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + b"x" * 100
NAMES = {"fair": True, "whole": False}      # host of the route, and `fair` of its plugin


@dataclasses.dataclass(frozen=True)
class Trial:
    program: pathlib.Path                   # the gateway
    module: pathlib.Path                    # the plugin `computes`
    placement: machine.Placement
    seconds: float = 30
    rate: float = 100                       # requests a second, at random times
    share: float = 0.01                     # of them that compute
    milliseconds: float = 200               # of CPU time each of these
    reactor: str = "auto"


@dataclasses.dataclass
class Row:
    name: str
    others: int = 0
    p50: float = 0.0                        # milliseconds
    p99: float = 0.0
    most: float = 0.0
    computing: int = 0
    computing_median: float = 0.0
    failures: int = 0


def run(trial):
    """One row without requests that compute, one with time slices, one with them and without time slices.

    Error: Failed when the gateway gave up or did not answer.
    """
    be_undisturbed(trial.placement)
    with tempfile.TemporaryDirectory(prefix="sallyport-fairness-") as folder:
        upstream, = process.free_ports(1)
        plugins = [{"name": f"{PLUGIN}-{host}", "file": str(trial.module), "fair": fair, "cpu_budget": "1h",
                    "log_limit": 0} for host, fair in NAMES.items()]
        routes = [{"id": host, "uri": "/*", "host": host, "plugins": {f"{PLUGIN}-{host}": {"conf": "x"}},
                   "upstream": {"nodes": {f"127.0.0.1:{upstream}": 1}}} for host in NAMES]
        started = gateway.Gateway(trial.program, pathlib.Path(folder) / "gateway", trial.placement,
                                  resources={"routes": routes}, wasm_plugins=plugins, reactor=trial.reactor)
        try:
            started.wait_until_ready()
            return asyncio.run(measure(trial, started, upstream))
        finally:
            started.process.stop()


def be_undisturbed(placement):
    """This process plays clients and upstream: on the other core, and alone there where it may."""
    try:
        os.setsid()
    except PermissionError:     # the first process of a terminal's job: its session is that of the terminal
        placement.enter(placement.load_core)
        return
    placement.enter(placement.load_core)
    placement.raise_session_of(os.getpid())


async def measure(trial, started, upstream):
    server = await asyncio.start_server(serve, "127.0.0.1", upstream)
    try:
        thousands = await calibrate(trial, Clients(started.port, "whole"))
        rows = []
        for name, host, share in (("nobody computes", "fair", 0), ("some compute, fair", "fair", trial.share),
                                  ("some compute, not fair", "whole", trial.share)):
            rows.append(await measure_row(trial, Clients(started.port, host), name, share, thousands))
            started.process.ensure_alive()
        return rows
    finally:
        server.close()


async def serve(reader, writer):
    try:
        while True:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(RESPONSE)
    except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
        writer.close()


async def calibrate(trial, clients):
    """How many thousand steps take as long as is wanted, on the faster of some tries."""
    tried = 100_000
    fastest = min([await clients.ask(f"/count/{tried}") or 1e9 for _ in range(5)])
    return max(1, round(tried * trial.milliseconds / fastest))


async def measure_row(trial, clients, name, share, thousands):
    """The first requests warm up: connections, instances."""
    await asyncio.gather(*(clients.ask("/plain") for _ in range(20)))
    chance = random.Random(1)
    others, computing = [], []
    asked = []
    due = time.perf_counter()
    for number in range(int(trial.seconds * trial.rate)):
        due += chance.expovariate(trial.rate)
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        is_long = share > 0 and number % round(1 / share) == 50
        asked.append(asyncio.create_task(note(clients, f"/count/{thousands}" if is_long else "/plain",
                                              computing if is_long else others)))
    await asyncio.gather(*asked)
    return as_row(name, others, computing)


async def note(clients, path, to):
    to.append(await clients.ask(path))


def as_row(name, others, computing):
    row = Row(name, len(others), computing=len(computing))
    row.failures = others.count(None) + computing.count(None)
    answered = sorted(value for value in others if value is not None)
    if answered:
        row.p50, row.most = statistics.median(answered), answered[-1]
        row.p99 = answered[min(len(answered) - 1, int(len(answered) * 0.99))]
    took = [value for value in computing if value is not None]
    row.computing_median = statistics.median(took) if took else 0.0
    return row


class Clients:
    """Connections to the gateway, as many as are needed at once."""

    def __init__(self, port, host):
        self.port = port
        self.host = host
        self.idle = []

    async def ask(self, path):
        """Milliseconds until the whole answer was there; None when it was no 200."""
        begun = time.perf_counter()
        try:
            connection = self.idle.pop() if self.idle else await asyncio.open_connection("127.0.0.1", self.port)
            reader, writer = connection
            writer.write(f"GET {path} HTTP/1.1\r\nHost: {self.host}\r\n\r\n".encode())
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            length = next(int(line.split(":")[1]) for line in head.split("\r\n") if line.startswith("content-length:"))
            await reader.readexactly(length)
        except (OSError, asyncio.IncompleteReadError, StopIteration):
            return None
        self.idle.append(connection)
        return (time.perf_counter() - begun) * 1000 if " 200 " in head.split("\r\n")[0] else None
