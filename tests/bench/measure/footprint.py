"""What plugins hold: memory and the control thread's time for a route, and memory for an exchange under way."""
import dataclasses
import http.client
import pathlib
import socket
import tempfile

from . import gateway, machine, process


@dataclasses.dataclass(frozen=True)
class OfRoutes:
    """What one route costs more than a route without plugins; each has a conf of its own."""
    kind: str
    bytes: float
    cpu_us: float       # of all threads, from the start of the gateway until it serves
    vms: int            # of the plugin, on one worker


@dataclasses.dataclass(frozen=True)
class OfExchanges:
    """What one exchange that waits for its upstream holds more than one without plugins."""
    module: str
    isolation: str
    bytes: float


@dataclasses.dataclass(frozen=True)
class Taken:
    resident: int
    cpu_us: float
    vms: int


def of_routes(program, modules, count):
    """`modules`: paths. One worker, all routes from apisix.yaml.

    Error: Failed when the gateway does not serve them.
    """
    nothing = with_routes(program, None, count, lambda number: {})
    kinds = [("response-rewrite", None)] + [(module.stem, module) for module in modules]
    for kind, module in kinds:
        taken = with_routes(program, module, count, lambda number, m=module: conf(m, number))
        yield OfRoutes(kind, (taken.resident - nothing.resident) / count, (taken.cpu_us - nothing.cpu_us) / count,
                       taken.vms)


def conf(module, number):
    if module is None:
        return {"response-rewrite": {"headers": {"set": {"X-Added": str(number)}}}}
    of_rust = {"header_name": "X-Added", "header_value": str(number)}
    of_go = {"headers": [{"name": "X-Added", "value": str(number)}]}
    return {"measured": {"conf": of_rust | of_go}}


def with_routes(program, module, count, plugins):
    routes = [{"id": str(number), "uri": f"/{number}", "plugins": plugins(number),
               "upstream": {"type": "roundrobin", "nodes": {"127.0.0.1:1": 1}}} for number in range(count)]
    declared = [{"name": "measured", "file": str(module)}] if module else []
    with tempfile.TemporaryDirectory(prefix="sallyport-footprint-") as folder:
        # The first start compiles the module; what is measured begins with its code.
        for attempt in ("first", "second"):
            started = gateway.Gateway(program, pathlib.Path(folder) / attempt, machine.Anywhere(),
                                      resources={"routes": routes}, wasm_plugins=declared,
                                      code_cache=pathlib.Path(folder) / "code")
            try:
                started.wait_until_ready()
                pid = started.process.child.pid
                taken = Taken(process.resident_bytes(pid), process.cpu_seconds(pid) * 1e6, vms_of(started))
            finally:
                started.process.stop()
        return taken


def vms_of(started):
    connection = http.client.HTTPConnection("127.0.0.1", started.metrics_port, timeout=10)
    connection.request("GET", "/apisix/prometheus/metrics")
    text = connection.getresponse().read().decode("utf-8")
    connection.close()
    return sum(int(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line.startswith("sallyport_wasm_vms{"))


def of_exchanges(program, modules, count):
    """Exchanges under way at once, `count` of them, each through its plugin. One worker."""
    nothing = held(program, None, "worker", count)
    for module in modules:
        for isolation in ("worker", "request"):
            yield OfExchanges(module.stem, isolation, (held(program, module, isolation, count) - nothing) / count)


def held(program, module, isolation, count):
    """Resident bytes that came with the exchanges: those after the first one until all wait for their upstream."""
    settings = {"isolation": isolation, "max_instances": count}
    declared = [{"name": "measured", "file": str(module)} | settings] if module else []
    with Silent() as upstream, tempfile.TemporaryDirectory(prefix="sallyport-footprint-") as folder:
        route = {"id": "1", "uri": "/held", "plugins": conf(module, 1) if module else {},
                 "upstream": {"type": "roundrobin", "nodes": {f"127.0.0.1:{upstream.port}": 1}}}
        started = gateway.Gateway(program, pathlib.Path(folder) / "gateway", machine.Anywhere(),
                                  resources={"routes": [route]}, wasm_plugins=declared)
        clients = []
        try:
            started.wait_until_ready()
            clients.append(ask(started.port))
            upstream.take(1)
            before = process.resident_bytes(started.process.child.pid)
            clients += [ask(started.port) for _ in range(count - 1)]
            upstream.take(count - 1)
            return process.resident_bytes(started.process.child.pid) - before
        finally:
            for client in clients:
                client.close()
            started.process.stop()


def ask(port):
    client = socket.create_connection(("127.0.0.1", port))
    client.sendall(b"GET /held HTTP/1.1\r\nHost: a\r\n\r\n")
    return client


class Silent:
    """An upstream that takes requests and does not answer them."""

    def __enter__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
        self.listener.settimeout(60)
        self.port = self.listener.getsockname()[1]
        self.taken = []
        return self

    def __exit__(self, *_):
        for connection in self.taken:
            connection.close()
        self.listener.close()

    def take(self, count):
        """Waits for so many requests more."""
        for _ in range(count):
            connection, _ = self.listener.accept()
            connection.settimeout(60)
            self.taken.append(connection)
            if not connection.recv(65536):
                raise process.Failed("the gateway sent its upstream no request")
