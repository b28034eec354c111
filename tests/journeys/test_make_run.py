"""`make run`, as one command on the usual ports, and the README's recipes after it, word for word."""
import os
import re
import signal
import socket
import subprocess
from pathlib import Path

import pytest

from harness.client import ask
from harness.gateway import ROOT, binary
from harness.own_network import in_own_network, use_own_opt
from harness.patience import seconds, wait_until

PORTS = {"proxy": 9080, "admin": 9180, "status": 7085, "upstream": 1980}


def preset():
    """The preset that makes the binary under test."""
    place = Path(binary()).resolve()
    if place.parent.parent != ROOT / "build":
        pytest.skip(f"make run builds no {place}")
    if not (ROOT / "build/plugins-work/add-header-rust.fingerprint").exists():
        pytest.skip("the plugins are not built here, and would need more than this machine; run tools/build-plugins")
    return place.parent.name


class MakeRun:
    def __init__(self, prefix):
        self.output = prefix / "output"
        with open(self.output, "wb") as output:
            self.process = subprocess.Popen(
                ["make", "run"], cwd=ROOT, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                env={**os.environ, "RUN_PRESET": preset(), "RUN_PREFIX": str(prefix)})

    def tell(self):
        return self.output.read_text()

    def is_ready(self):
        assert self.process.poll() is None, self.tell()
        try:
            return ask(PORTS["status"], "GET", "/status/ready").status == 200
        except OSError:
            return False

    def __enter__(self):
        wait_until(self.is_ready, self.tell, usual=200)
        return self

    def __exit__(self, *failure):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(seconds(60)) == -signal.SIGTERM, self.tell()


def run_block(text):
    """What the README's block of commands that has `text` in it prints."""
    block, = [block for block in re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL) if text in block]
    return subprocess.run(["bash", "-ec", block], cwd="/", capture_output=True, text=True, check=True).stdout


def listening():
    def accepts(port):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return True
        except OSError:
            return False

    return [name for name, port in PORTS.items() if accepts(port)]


@in_own_network
def test_make_run_serves_the_recipes_and_ends_with_term(tmp_path):
    use_own_opt()
    with MakeRun(tmp_path):
        said = run_block("routes/1")
        assert "HTTP/1.1 201" in said and "HTTP/1.1 200" in said and re.search(r"(?m)^X-Request-Id: [0-9a-f-]{36}", said), said
        said = run_block("routes/2")
        assert "HTTP/1.1 201" in said and "HTTP/1.1 200" in said and "\nX-Wasm-Added: true" in said, said
        said = run_block("routes/3")
        assert "HTTP/1.1 201" in said and "\nX-Wasm-Added: true" in said, said
    assert listening() == []
    with MakeRun(tmp_path) as again:
        assert "no work to do" in again.tell()  # it was built, and
        assert ask(PORTS["proxy"], "GET", "/wasm-test").all("X-Wasm-Added") == ["true"]  # routes are kept
    assert listening() == []
    assert len((tmp_path / "logs/access.log").read_text().splitlines()) == 4
