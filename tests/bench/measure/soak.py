"""Settings that are read again twice a second under busy connections; then mixed traffic for a long time, while plugins
are replaced each second, routes and upstreams change, the settings are read again and clients misbehave; at its end
another process follows the gateway: no request may fail, and memory must stay as it is."""
import dataclasses
import pathlib
import signal
import socket
import struct
import tempfile
import time

from harness.follower import Follower, adopt_orphans

from . import gateway, load, machine, process

LASTING = "X-Served: yes"


@dataclasses.dataclass(frozen=True)
class Stream:
    """One kind of request, sent by a generator of its own, which is the upstream too."""
    name: str
    plugins: dict
    options: tuple = ()       # for the generator, besides those of all
    answers: str = ""         # the body of an answer that no upstream gives


def by_plugin(name, conf):
    return {name: {"conf": conf}, **native(LASTING)}


def native(header):
    return {"response-rewrite": {"headers": {"set": dict([header.split(": ")])}}}


# Plugins come through the Admin API: in Rust, in C, with a sandbox for each request, and one that calls out.
PLUGINS = {
    "soak-header": ("add-header-rust", {}),
    "soak-limit": ("body-limit-c", {}),
    "soak-answer": ("fault-injection-cpp", {"isolation": "request", "max_instances": 200}),
    "soak-call": ("auth-call-rust", {}),
}
STREAMS = (
    Stream("plain", native(LASTING), ("--expect-header", LASTING)),
    Stream("header", by_plugin("soak-header", {"header_name": "X-Added", "header_value": "true"}),
           ("--expect-header", LASTING, "--expect-header", "X-Added: true")),
    Stream("upload", by_plugin("soak-limit", {"bytes": 1 << 20}), ("--expect-header", LASTING, "--post", 16 << 10)),
    Stream("download", native(LASTING), ("--expect-header", LASTING, "--body", 80 << 10)),
    Stream("answer", {"soak-answer": {"conf": {"body": "hello world", "http_status": 200}}},
           ("--expect-body", "hello world"), answers="hello world"),
    # A call is never too late here, however long others hold the machine.
    Stream("call", by_plugin("soak-call", {"upstream": "auth", "path": "/", "timeout_ms": 60_000}),
           ("--expect-header", LASTING)),
)


# Between the looks of a generator at its sockets: there is time left to compile a plugin each second.
NAP_US = 1_000
RELOADING_CONNECTIONS = 32
RELOADS, RELOAD_SECONDS = 20, 0.5
UPGRADED_SECONDS = 3


@dataclasses.dataclass(frozen=True)
class Trial:
    program: pathlib.Path         # the gateway
    load_program: pathlib.Path
    plugins: pathlib.Path         # folder of the modules
    seconds: float = 600
    connections: int = 6          # of each stream
    workers: int = 2
    reactor: str = "auto"
    upgrades: int = 2


@dataclasses.dataclass
class Outcome:
    seconds: float = 0.0
    requests: dict = dataclasses.field(default_factory=dict)     # of each stream
    failures: list = dataclasses.field(default_factory=list)     # texts; empty: nothing failed
    replaced: int = 0             # plugins
    changed: int = 0              # other resources
    read_again: int = 0           # settings, by HUP
    rude: int = 0                 # connections of clients that misbehave
    upgrades: int = 0             # processes that followed one another
    resident: list = dataclasses.field(default_factory=list)     # bytes, once a second

    @property
    def growth(self):
        """Of the largest resident memory, from the second quarter of the time to the last."""
        quarter = len(self.resident) // 4
        if quarter == 0:
            return 0.0
        return max(self.resident[-quarter:]) / max(self.resident[quarter:2 * quarter]) - 1


def run(trial, report=lambda outcome: None):
    """`report` is told once a second how far it is.

    Error: Failed when the gateway or a generator gave up, or the Admin API refused a change.
    """
    with tempfile.TemporaryDirectory(prefix="sallyport-soak-") as folder:
        started = gateway.Gateway(trial.program, pathlib.Path(folder) / "gateway", machine.Anywhere(),
                                  workers=trial.workers, reactor=trial.reactor)
        soaking = Soaking(trial, started, report)
        try:
            started.wait_until_ready()
            outcome = soaking.run()
            if soaking.stop_gateway() != 0:
                outcome.failures.append(f"the gateway did not end well:\n{started.process.last_lines()}")
            outcome.failures += wrong_lines(started.process.log)
            return outcome
        finally:
            soaking.end_gateway()


class Soaking:
    """One run; the gateway is ready when `run` is called."""

    def __init__(self, trial, started, report):
        self.trial = trial
        self.gateway = started
        self.report = report
        self.admin = gateway.Admin(started.admin_port)
        self.modules = {name: (trial.plugins / f"{module}.wasm").read_bytes() for name, (module, _) in PLUGINS.items()}
        self.upstreams = dict(zip((stream.name for stream in STREAMS), process.free_ports(len(STREAMS))))
        self.outcome = Outcome()
        self.serving = started.process.child

    def run(self):
        for name, (_, settings) in PLUGINS.items():
            self.admin.send_module(name, self.modules[name])
            self.admin.send("PUT", f"wasm/{name}", settings)
        self.admin.send("PUT", "upstreams/auth", self.upstream("plain"))
        for stream in STREAMS:
            self.admin.send("PUT", f"routes/{stream.name}", self.route(stream, 0))
        try:
            self.load_with({"reloads": self.start(STREAMS[0], RELOADING_CONNECTIONS)}, self.read_settings_again)
            self.load_with({stream.name: self.start(stream, self.trial.connections) for stream in STREAMS},
                           self.pass_time, self.upgrade)
        finally:
            self.admin.close()
        return self.outcome

    def load_with(self, generators, *phases):
        """Whether something fails is for the generators to say, which go on to the end of the last phase."""
        try:
            for phase in phases:
                phase(generators)
            for generator in generators.values():
                generator.release()
            for name, generator in generators.items():
                self.count(name, generator)
        finally:
            for generator in generators.values():
                generator.stop()

    def read_settings_again(self, generators):
        begun = time.monotonic()
        for number in range(RELOADS):
            if self.has_ended(generators):
                return
            self.serving.send_signal(signal.SIGHUP)
            self.outcome.read_again += 1
            time.sleep(max(0.0, begun + (number + 1) * RELOAD_SECONDS - time.monotonic()))

    def upgrade(self, generators):
        """Each process that follows serves for a while, also to connections that the former one has closed."""
        adopt_orphans()
        for _ in range(self.trial.upgrades):
            former = self.serving
            former.send_signal(signal.SIGUSR2)
            self.serving = self.follower_of(former)
            if former.wait(timeout=60) != 0:
                self.outcome.failures.append(f"process {former.pid} was followed and ended with {former.returncode}")
            self.outcome.upgrades += 1
            if self.has_ended(generators):
                return
            time.sleep(UPGRADED_SECONDS)

    def follower_of(self, former):
        file = self.gateway.folder / "logs/nginx.pid"
        deadline = time.monotonic() + 60
        while (pid := int(file.read_text(encoding="ascii"))) == former.pid:
            if time.monotonic() > deadline:
                raise process.Failed(f"no process follows; the last lines:\n{self.gateway.process.last_lines()}")
            time.sleep(0.02)
        return Follower(pid)

    def stop_gateway(self):
        """Its exit code."""
        if self.serving is self.gateway.process.child:
            return self.gateway.process.stop()
        self.serving.send_signal(signal.SIGTERM)
        return self.serving.wait(timeout=60)

    def end_gateway(self):
        """Whatever it does."""
        self.gateway.process.stop()
        if self.serving is not self.gateway.process.child and self.serving.poll() is None:
            self.serving.kill()

    def start(self, stream, connections):
        return load.Load(self.trial.load_program, machine.Anywhere(), "--proxy", self.gateway.port, "--upstream",
                         0 if stream.answers else self.upstreams[stream.name], "--connections", connections,
                         "--path", f"/{stream.name}", "--nap", NAP_US, "--requests", 1, "--until-released", 1, *stream.options)

    def pass_time(self, generators):
        begun = time.monotonic()
        second = 0
        while (passed := time.monotonic() - begun) < self.trial.seconds and not self.has_ended(generators):
            second += 1
            self.disturb(second)
            self.gateway.process.ensure_alive()
            self.outcome.seconds = passed
            self.outcome.resident.append(process.resident_bytes(self.gateway.process.child.pid))
            self.report(self.outcome)
            time.sleep(max(0.0, begun + second - time.monotonic()))

    @staticmethod
    def has_ended(generators):
        return any(generator.child.poll() is not None for generator in generators.values())

    def disturb(self, second):
        """A plugin each second, and what else comes around."""
        name = list(PLUGINS)[second % len(PLUGINS)]
        self.admin.send_module(name, self.modules[name] + custom_section(second))
        self.outcome.replaced += 1
        stream = STREAMS[second % len(STREAMS)]
        self.admin.send("PUT", f"routes/{stream.name}", self.route(stream, second))
        self.admin.send("PUT", "upstreams/auth", self.upstream("plain", second))
        self.outcome.changed += 2
        if second % 5 == 0:
            self.gateway.process.child.send_signal(signal.SIGHUP)
            self.outcome.read_again += 1
        for misbehave in RUDE:
            misbehave(self.gateway.port)
            self.outcome.rude += 1

    def route(self, stream, number):
        route = {"uri": f"/{stream.name}", "plugins": stream.plugins, "priority": number % 3}
        return route if stream.answers else route | {"upstream": self.upstream(stream.name, number)}

    def upstream(self, name, number=0):
        return {"type": "roundrobin", "nodes": {f"127.0.0.1:{self.upstreams[name]}": 1 + number % 7}}

    def count(self, name, generator):
        try:
            figures = generator.result()
        except process.Failed as failure:
            self.outcome.failures.append(f"{name}: {failure}")
            return
        self.outcome.requests[name] = figures["requests"]
        if figures["failures"]:
            self.outcome.failures.append(f"{name}: {figures['failures']} requests failed; the first: "
                                         f"{figures['first_failure']}")


def custom_section(number):
    """Behind a module it changes nothing but the module's digest."""
    name_and_content = b"\4soak" + f"{number:08}".encode("ascii")
    return bytes([0, len(name_and_content)]) + name_and_content


def half_a_request(port):
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(b"POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nsome")


def no_http(port):
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(b"\x16\x03\x01\x00\xc8\x01 this is no HTTP \r\n\r\n")


def gone_before_the_answer(port):
    """Asks for much and breaks the connection."""
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.sendall(b"GET /download HTTP/1.1\r\nHost: a\r\n\r\n" * 3)


RUDE = (half_a_request, no_http, gone_before_the_answer)


def wrong_lines(log):
    """What the gateway itself reports as wrong. A client that breaks off is no error."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    wrong = [line for line in lines if any(level in line for level in ("[error]", "[crit]", "[alert]", "[emerg]"))]
    return wrong[:5] + ([f"and {len(wrong) - 5} lines more"] if len(wrong) > 5 else [])
