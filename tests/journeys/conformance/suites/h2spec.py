"""h2spec, strict, against the gateway's ports for clear text and for TLS."""
import re
import subprocess

from harness.certificates import Certificate
from harness.client import Client
from harness.gateway import Gateway
from harness.patience import seconds
from harness.upstream import Upstream

from .outcome import Outcome
from .programs import go_program

# In clear, the port speaks HTTP/1.1 too. Whoever begins with words that are no preface gets its answer.
NO_PREFACE = "Sends invalid connection preface"


def run(reactor):
    program = go_program("h2spec", "h2spec")
    up = Upstream()
    own = Certificate("a.example")
    resources = {"ssls": [{"id": "1", **own.ssl()}], "routes": [{"id": "1", "uri": "/*", "upstream": {"nodes": {up.address: 1}}}]}
    settings = {"apisix": {"ssl": {"fallback_sni": "a.example"}}}
    try:
        with Gateway(settings, resources=resources, options=["--reactor", reactor]) as gateway:
            gateway.start()
            yield in_clear(program, gateway, reactor)
            yield over(program, gateway.ports["tls"], f"h2spec over TLS, {reactor}", "-t", "-k")
    finally:
        up.stop()


def over(program, port, name, *options):
    done = subprocess.run([program, "-h", "127.0.0.1", "-p", str(port), "-S", "-o", "2", *options], capture_output=True,
                          text=True, timeout=seconds(600), check=False)
    found = re.search(r"(\d+) tests, (\d+) passed, (\d+) skipped, (\d+) failed", done.stdout)
    assert found, f"h2spec ended with {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
    failures = done.stdout.partition("Failures:")[2]
    return Outcome(name, int(found.group(1)), int(found.group(2)), [failures.rpartition("Finished in")[0].strip()] if failures else [])


def in_clear(program, gateway, reactor):
    outcome = over(program, gateway.ports["proxy"], f"h2spec in clear, {reactor}")
    if outcome.failed == 1 and NO_PREFACE in "".join(outcome.notes) and refuses_what_is_no_preface(gateway):
        outcome.passed += 1
        outcome.notes = [f"of {outcome.suite}, 'sends invalid connection preface' is answered by HTTP/1.1 (400, and the end), since the port speaks both"]
    return outcome


def refuses_what_is_no_preface(gateway):
    with Client(gateway.ports["proxy"]) as client:
        client.send("INVALID CONNECTION PREFACE\r\n\r\n")
        return client.read().status == 400 and client.is_closed()
