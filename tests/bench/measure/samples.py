"""One measurement of one scenario: taking it, and judging whether it counts."""
import dataclasses
import time

from . import load, machine, process

LEAST_CORE_SHARE = 0.9  # less, and something else than the proxy was the limit
MOST_STOLEN = 0.02
FORWARDED = ("x-real-ip", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-forwarded-port")


@dataclasses.dataclass
class Sample:
    scenario: str
    connections: int
    round: int
    rps: float = 0.0
    cpu_us: float = 0.0          # of the proxy, a request
    core_share: float = 0.0      # of the proxy's core that the proxy used
    wait_share: float = 0.0      # of the time in which it was ready to run, and something else had the core
    generator_idle: float = 0.0
    generator_wait: float = 0.0
    stolen: float = 0.0          # of the proxy's core, by the host
    requests: int = 0
    p50_us: int = 0
    p99_us: int = 0
    resident_bytes: int = 0
    attempts: int = 1
    problem: str = ""            # why it does not count; empty: it does
    disturbed: bool = False      # all that is wrong is that the proxy was not the limit
    response_head: str = ""
    upstream_request: str = ""


def take(scenario, server, upstream_port, connections, seconds, program, placement):
    """Measures once. What went wrong stands in the sample's `problem`."""
    sample = Sample(scenario.name, connections, round=0)
    options = ["--proxy", server.tls_port if scenario.tls else server.port,
               "--upstream", upstream_port if scenario.has_upstream else 0, "--seconds", seconds,
               "--connections", connections // max(1, scenario.streams), *load.options_for(scenario)]
    for pid in server.process.pids():
        options += ["--cpu-of", pid]
    stolen, started = machine.stolen_seconds(placement.proxy_core), time.monotonic()
    try:
        figures = load.Load(program, placement, *options).result()
        server.process.ensure_alive()
    except process.Failed as failure:
        sample.problem = str(failure)
        return sample
    sample.stolen = (machine.stolen_seconds(placement.proxy_core) - stolen) / (time.monotonic() - started)
    sample.resident_bytes = sum(process.resident_bytes(pid) for pid in server.serving_pids())
    fill(sample, figures)
    sample.problem = mistake_of(sample, figures, scenario)
    if not sample.problem:
        sample.problem = disturbance_of(sample)
        sample.disturbed = bool(sample.problem)
    return sample


def fill(sample, figures):
    wall_ns = figures["seconds"] * 1e9
    for name in ("rps", "requests", "p50_us", "p99_us", "response_head", "upstream_request"):
        setattr(sample, name, figures[name])
    sample.cpu_us = figures["cpu_ns"] / 1e3 / max(1, figures["requests"])
    sample.core_share = figures["cpu_ns"] / wall_ns
    sample.wait_share = figures["wait_ns"] / wall_ns
    sample.generator_idle = figures["own_idle_ns"] / wall_ns
    sample.generator_wait = figures["own_wait_ns"] / wall_ns


def mistake_of(sample, figures, scenario):
    """What the proxy did wrong."""
    if figures["failures"]:
        return f"{figures['failures']} failed requests; the first: {figures['first_failure']}"
    missing = missing_forwarded(sample.upstream_request)
    if scenario.has_upstream and scenario.server != "forwarder" and not scenario.calls and missing:
        return f"the proxy does less than its peers: the upstream was not sent {', '.join(missing)}"
    return ""


def disturbance_of(sample):
    """Why something else than the proxy was the limit."""
    if sample.stolen > MOST_STOLEN:
        return f"the host took {sample.stolen:.0%} of the proxy's core away; run on a machine that is not overcommitted"
    if sample.core_share < LEAST_CORE_SHARE:
        return f"the proxy used {sample.core_share:.2f} of its core, not {LEAST_CORE_SHARE}: {why_idle(sample)}"
    return ""


def missing_forwarded(request_head):
    lower = request_head.lower()
    return [name for name in FORWARDED if f"\r\n{name}: " not in lower]


def why_idle(sample):
    gap = 1 - sample.core_share
    if sample.wait_share > gap / 2:
        return f"other work had that core for {sample.wait_share:.0%} of the time; run on an idle machine"
    if sample.generator_wait > gap / 2:
        return (f"other work had the generator's core for {sample.generator_wait:.0%} of the time; "
                "run on an idle machine")
    if sample.generator_idle < 0.05:
        return "the generator had no pause, so it was the limit; measure with more work for the proxy a request"
    return (f"both waited (the generator {sample.generator_idle:.0%} of the time); "
            "look for sleeps and locks in the proxy")
