"""Many connections at once: what they hold while they wait, and how the workers share those that ask."""
import contextlib
import dataclasses
import http.client
import http.server
import os
import pathlib
import re
import resource
import socket
import tempfile
import threading

from . import gateway, load, machine, process

REQUEST = b"GET / HTTP/1.1\r\nHost: bench\r\n\r\n"
AT_ONCE = 500               # requests under way, of those that ask in turn
BESIDE = 2_000              # descriptors for everything but connections of clients
ROUNDS = 20                 # of requests on each connection that asks


@dataclasses.dataclass(frozen=True)
class Trial:
    program: pathlib.Path                   # the gateway
    generator: pathlib.Path
    connections: int = 10_000
    workers: int = max(2, os.cpu_count())
    reactor: str = "auto"


@dataclasses.dataclass
class Row:
    name: str
    connections: int
    resident: int = 0                       # bytes, with all of them open
    before: int = 0                         # bytes, without any
    open: list = dataclasses.field(default_factory=list)    # of each worker
    cpu: list = dataclasses.field(default_factory=list)     # seconds of each worker
    handed_over: int = 0
    requests: int = 0
    failures: int = 0

    def unevenness(self):
        """The connections of the worker that has most, over the mean."""
        return max(self.open) * len(self.open) / max(1, sum(self.open))


def run(trial):
    """A row of connections that wait, one of connections that ask all the time.

    Error: Failed when the gateway or the generator gave up.
    """
    return [idle(trial), active(trial)]


def idle(trial):
    """Each asks once, and waits."""
    row = Row("idle", connections_for(trial.connections))
    upstream = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=upstream.serve_forever, daemon=True).start()
    with serving(trial, upstream.server_address[1]) as started, contextlib.ExitStack() as clients:
        row.before = process.resident_bytes(started.process.child.pid)
        for _ in range(row.connections):
            client = clients.enter_context(socket.create_connection(("127.0.0.1", started.port)))
            client.sendall(REQUEST)
            row.requests += 1
            row.failures += not client.recv(4096).startswith(b"HTTP/1.1 200 ")
        look(started, row)
    upstream.shutdown()
    upstream.server_close()
    return row


def active(trial):
    """All ask in turn, some of them at once."""
    row = Row("active", connections_for(trial.connections))
    upstream, = process.free_ports(1)
    with serving(trial, upstream) as started:
        row.before = process.resident_bytes(started.process.child.pid)
        running = load.Load(trial.generator, machine.Anywhere(), "--proxy", started.port, "--upstream", upstream,
                            "--connections", row.connections, "--under-way", AT_ONCE, "--requests", ROUNDS * row.connections,
                            "--mark-every", row.connections, "--until-released", 1)
        try:
            for done in running.marks():
                if done >= ROUNDS * row.connections:
                    break
            look(started, row)
            running.release()
            row.requests = running.result()["requests"]
        finally:
            running.stop()
    return row


class Answers(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):  # noqa: N802
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def serving(trial, upstream):
    route = {"id": "1", "uri": "/*", "upstream": {"type": "roundrobin", "nodes": {f"127.0.0.1:{upstream}": 1}}}
    with tempfile.TemporaryDirectory(prefix="sallyport-connections-") as folder:
        started = gateway.Gateway(trial.program, pathlib.Path(folder) / "gateway", machine.Anywhere(),
                                  resources={"routes": [route]}, workers=trial.workers, reactor=trial.reactor)
        try:
            started.wait_until_ready()
            yield started
            started.process.ensure_alive()
        finally:
            started.process.stop()


def connections_for(wanted):
    """So many, or as many as there are descriptors for. This process and those it starts may have that many from now
    on."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return min(wanted, hard - BESIDE)


def look(started, row):
    pid = started.process.child.pid
    row.resident = process.resident_bytes(pid)
    row.cpu = [seconds_of(task) for task in sorted(pathlib.Path(f"/proc/{pid}/task").iterdir())
               if task.joinpath("comm").read_text(encoding="ascii").startswith("worker ")]
    connection = http.client.HTTPConnection("127.0.0.1", started.metrics_port, timeout=60)
    connection.request("GET", "/apisix/prometheus/metrics")
    text = connection.getresponse().read().decode("utf-8")
    connection.close()
    row.open = series(text, "sallyport_worker_connections")
    row.handed_over = sum(series(text, "sallyport_worker_connections_handed_over_total"))


def seconds_of(task):
    return int(task.joinpath("schedstat").read_text(encoding="ascii").split()[0]) / 1e9


def series(text, name):
    return [int(value) for value in re.findall(rf'^{name}{{worker="\d+"}} (\d+)$', text, re.MULTILINE)]
