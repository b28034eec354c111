"""What `make run` and `make install-plugins` consist of."""
import json
import os
import subprocess
import sys

import pytest

from harness.gateway import ROOT
from harness.modules import examples


def install(destination, *plugins):
    return subprocess.run(["make", "--silent", "install-plugins", f"DESTDIR={destination}"] if not plugins else
                          [ROOT / "tools/install-plugins", *plugins], cwd=ROOT, capture_output=True, text=True, check=False,
                          env={**os.environ, "DESTDIR": str(destination)})


def test_plugins_are_installed_where_recipes_look_for_them(tmp_path):
    built = {path.name: path.read_bytes() for path in examples().glob("*.wasm")}
    first = install(tmp_path)
    assert first.returncode == 0, first.stderr
    folder = tmp_path / "opt/apisix/wasm"
    installed = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert set(built) <= set(installed)
    # Without a language it is the first one that the example has, in the order of the README of the examples.
    first_built = {}
    for language in reversed(("rust", "go", "c", "cpp", "as")):
        ending = f"-{language}.wasm"
        first_built |= {name.removesuffix(ending) + ".wasm": module for name, module in built.items() if name.endswith(ending)}
    assert {"add-header.wasm", "fault-injection.wasm", "custom-response-header.wasm"} <= set(first_built)
    assert {name: installed[name] for name in set(installed) - set(built)} == first_built
    assert all(path.stat().st_mode & 0o777 == 0o644 for path in folder.iterdir())
    again = install(tmp_path)
    assert (again.returncode, again.stdout) == (0, "")


def test_a_plugin_that_is_not_built_is_named(tmp_path):
    ended = install(tmp_path, "no-such-plugin")
    assert ended.returncode != 0 and "no-such-plugin" in ended.stderr and "tools/build-plugins" in ended.stderr


@pytest.fixture
def example_upstream():
    process = subprocess.Popen([sys.executable, "-u", ROOT / "examples/upstream/upstream.py", "--port", "0"],
                               stdout=subprocess.PIPE, text=True)
    try:
        yield f"127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


def test_the_example_upstream_tells_what_it_was_asked(gateway, example_upstream):
    one = gateway(resources={"routes": [{"id": 1, "uri": "/*", "upstream": {"nodes": {example_upstream: 1}}}]})
    headers = json.loads(one.ask("GET", "/headers", headers={"X-Mine": "yes"}).body)["headers"]
    assert {name.lower(): value for name, value in headers.items()}["x-mine"] == "yes"
    told = json.loads(one.ask("GET", "/get?a=b").body)
    assert (told["method"], told["args"]) == ("GET", {"a": "b"})
    assert [one.ask("GET", f"/status/{status}").status for status in (200, 204, 404, 503)] == [200, 204, 404, 503]
    assert one.ask("POST", "/echo", body="abc").text == "abc"
    assert one.ask("GET", "/hello").text == "hello world\n"
