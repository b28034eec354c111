"""A run: all scenarios in turn, again and again, so that a slow minute of the machine meets each of them."""
import contextlib
import pathlib
import tempfile

from . import certificate, gateway, process, samples, scenarios, servers

ATTEMPTS = 3


class Run:
    """`report` is told one line for each sample."""

    def __init__(self, chosen, connections, seconds, placement, build, plugins, reactor, report):
        self.chosen = chosen
        self.connections = connections
        self.seconds = seconds
        self.placement = placement
        self.build = build
        self.plugins = plugins
        self.reactor = reactor
        self.report = report
        self.configurations = {}
        self.served_with = None  # the loop of the gateway's workers, once one has run

    def rounds(self, count):
        """All samples. Servers start anew each round, so that no lucky layout of memory lasts for the whole run."""
        taken = []
        for number in range(count):
            with tempfile.TemporaryDirectory(prefix="sallyport-bench-") as folder, contextlib.ExitStack() as stack:
                upstream_port, = process.free_ports(1)
                started = self.start_servers(pathlib.Path(folder), upstream_port, stack)
                for connections in self.connections:
                    for scenario in rotated(self.chosen, number):
                        taken.append(self.one(scenario, started[scenario.server], upstream_port, connections, number))
        return taken

    def start_servers(self, folder, upstream_port, stack):
        folder.chmod(0o755)  # nginx's worker is another user
        shown = certificate.make(folder)
        kinds = {scenario.server for scenario in self.chosen}
        started = {kind: self.start(kind, folder / kind, upstream_port, shown) for kind in sorted(kinds)}
        for server in started.values():
            stack.callback(server.process.stop)
        for kind, server in started.items():
            server.wait_until_ready()
            self.configurations[kind] = server.configuration
            if isinstance(server, gateway.Gateway):
                self.served_with = server.reactor()
        return started

    def start(self, kind, folder, upstream_port, shown):
        if kind == "nginx":
            return servers.Nginx(folder, self.placement, upstream_port, shown)
        if kind == "forwarder":
            return servers.Forwarder(self.build / "bench/forwarder", folder, self.placement, upstream_port)
        ours = [scenario for scenario in self.chosen if scenario.server == kind]
        resources = {"routes": [scenario.route(upstream_port) for scenario in ours],
                     "upstreams": [scenarios.called_upstream(upstream_port)], "ssls": [shown.as_resource()]}
        declared = scenarios.declared({name for scenario in ours for name in scenario.plugins}, self.plugins)
        return gateway.Gateway(self.build / "sallyport", folder, self.placement, resources=resources,
                               wasm_plugins=declared, reactor=self.reactor,
                               log_format=scenarios.LOGGED if kind == "gateway-log" else None)

    def one(self, scenario, server, upstream_port, connections, number):
        """Tries again what was disturbed from outside; the result itself is no reason to."""
        for attempt in range(1, ATTEMPTS + 1):
            sample = samples.take(scenario, server, upstream_port, connections, self.seconds,
                                  self.build / "bench/load", self.placement)
            sample.round, sample.attempts = number, attempt
            self.report(sample)
            if not sample.problem:
                break
        return sample


def rotated(things, by):
    by %= len(things)
    return things[by:] + things[:by]
