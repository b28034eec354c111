"""Requests without a pause while routes change through the Admin API: none may fail, and memory must not grow."""
import dataclasses
import http.client
import pathlib
import tempfile

from . import gateway, load, machine, process

CONNECTIONS = 50
PLUGIN = "add-header-rust"
REVISION = "X-Revision"
LASTING = "X-Served: yes"


@dataclasses.dataclass(frozen=True)
class Trial:
    program: pathlib.Path        # the gateway
    load_program: pathlib.Path
    requests: int = 1_000_000    # at least
    changes: int = 1_000
    settled_after: int = 50_000  # requests; memory is watched from here on
    workers: int = 2
    plugin: pathlib.Path = None  # the module add-header-rust: half of the changes then go through it


@dataclasses.dataclass
class Outcome:
    requests: int = 0
    failures: int = 0
    first_failure: str = ""
    changes: int = 0
    late: int = 0                # changes that had been answered, and were not in force
    settled_bytes: int = 0
    largest_bytes: int = 0
    seconds: float = 0.0

    @property
    def growth(self):
        return self.largest_bytes / self.settled_bytes - 1 if self.settled_bytes else 0.0


def run(trial, report=lambda done, resident: None):
    """`report` is told how many requests are done and how much memory is resident.

    Error: Failed when the gateway or the generator gave up, or the Admin API refused a change.
    """
    with tempfile.TemporaryDirectory(prefix="sallyport-changes-") as folder:
        modules = [{"name": PLUGIN, "priority": 7000, "file": str(trial.plugin)}] if trial.plugin else []
        started = gateway.Gateway(trial.program, pathlib.Path(folder) / "gateway", machine.Anywhere(),
                                  wasm_plugins=modules, workers=trial.workers)
        try:
            started.wait_until_ready()
            outcome = Changing(trial, started, report).run()
            if started.process.stop() != 0:
                raise process.Failed(f"the gateway did not end well:\n{started.process.last_lines()}")
            return outcome
        finally:
            started.process.stop()


class Changing:
    """One run on a gateway that is ready."""

    def __init__(self, trial, started, report):
        self.trial = trial
        self.gateway = started
        self.report = report
        self.upstream, = process.free_ports(1)
        self.admin = gateway.Admin(started.admin_port)
        self.client = http.client.HTTPConnection("127.0.0.1", started.port, timeout=30)
        self.outcome = Outcome()

    def run(self):
        self.admin.send("PUT", "routes/served", self.served(0))
        every = max(1, self.trial.requests // (self.trial.changes + 1))
        generator = load.Load(self.trial.load_program, machine.Anywhere(), "--proxy", self.gateway.port, "--upstream",
                              self.upstream, "--connections", CONNECTIONS, "--path", "/served", "--requests",
                              self.trial.requests, "--mark-every", every, "--until-released", 1, "--expect-header",
                              LASTING)
        try:
            for done in generator.marks():
                self.at_mark(done, generator)
            figures = generator.result()
        finally:
            generator.stop()
            self.admin.close()
            self.client.close()
        self.gateway.process.ensure_alive()
        self.outcome.requests, self.outcome.failures = figures["requests"], figures["failures"]
        self.outcome.first_failure, self.outcome.seconds = figures["first_failure"], figures["seconds"]
        return self.outcome

    def at_mark(self, done, generator):
        if self.outcome.changes < self.trial.changes:
            self.outcome.changes += 1
            self.change(self.outcome.changes)
            if self.outcome.changes == self.trial.changes:
                generator.release()
        if done >= self.trial.settled_after:
            resident = process.resident_bytes(self.gateway.process.child.pid)
            self.outcome.settled_bytes = self.outcome.settled_bytes or resident
            self.outcome.largest_bytes = max(self.outcome.largest_bytes, resident)
            self.report(done, resident)

    def change(self, number):
        """Every other change is one of the route under load, and must be in force when it has been answered."""
        if number % 2 == 0:
            self.admin.send(*self.elsewhere(number))
            return
        self.admin.send("PUT", "routes/served", self.served(number))
        if self.served_revision() != str(number):
            self.outcome.late += 1

    def served(self, number):
        plugins = {"response-rewrite": {"headers": {"set": dict([LASTING.split(": ")])}}}
        if self.trial.plugin and number % 4 == 1:
            plugins[PLUGIN] = {"conf": {"header_name": REVISION, "header_value": str(number)}}
        else:
            plugins["response-rewrite"]["headers"]["set"][REVISION] = str(number)
        nodes = {f"127.0.0.1:{self.upstream}": 1 + number % 7}
        return {"uri": "/served", "plugins": plugins, "upstream": {"type": "roundrobin", "nodes": nodes}}

    def elsewhere(self, number):
        """A route of another path comes, changes and goes; in between a global rule comes and goes."""
        turn, step = divmod(number // 2 - 1, 6)
        name = f"routes/other-{turn}"
        upstream = {"upstream": {"nodes": {f"127.0.0.1:{self.upstream}": 1}}}
        return (("PUT", name, {"uri": f"/other/{turn}/*"} | upstream),
                ("PATCH", name, {"priority": turn}),
                ("PUT", "global_rules/1", {"plugins": {"request-id": {}}}),
                ("DELETE", "global_rules/1"),
                ("PUT", name, {"uris": ["/served/*", f"/other/{turn}"]} | upstream),
                ("DELETE", name))[step]

    def served_revision(self):
        self.client.request("GET", "/served")
        response = self.client.getresponse()
        response.read()
        return response.getheader(REVISION)
