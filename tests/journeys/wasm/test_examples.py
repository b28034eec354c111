"""The example plugins, and the recipes of the README with them, as a newcomer meets them."""
import os
import re
import subprocess

import pytest
import yaml

from harness.engines import isolations
from harness.modules import ROOT, examples

HELLO = "hello from upstream-a\n"
FAULT = '{"body":"hello world", "http_status":200}'


def recipes():
    """What the README's curl commands send: (path below the Admin API, key, body)."""
    found = re.findall(r"curl -i http://127.0.0.1:9180/apisix/admin/(\S+) -H 'X-API-KEY: (\w+)' -X PUT -d '(.*?)'",
                       (ROOT / "README.md").read_text(), re.DOTALL)
    assert [path for path, _, _ in found] == ["routes/1", "routes/2", "routes/3"]
    return found


def test_the_recipes_of_the_readme_work_as_written(gateway, upstream, tmp_path):
    """But for the ports and for where the module is installed."""
    subprocess.run([ROOT / "tools/install-plugins", "add-header-rust"], check=True, capture_output=True,
                   env={**os.environ, "DESTDIR": str(tmp_path)})
    shipped = yaml.safe_load((ROOT / "conf/config.yaml").read_text())
    made = gateway({"deployment": {"admin": {"admin_key": shipped["deployment"]["admin"]["admin_key"]}},
                    "wasm": {**shipped["wasm"], "allowed_dirs": [f"{tmp_path}/opt/apisix/wasm"]}})
    address = upstream().address

    def put(path, key, body):
        body = body.replace("127.0.0.1:1980", address).replace("/opt/apisix/wasm", f"{tmp_path}/opt/apisix/wasm")
        assert made.admin("PUT", path, body, key=key).status == 201

    for path, key, body in recipes():
        put(path, key, body)
    assert made.ask("GET", "/lua-test").get("X-Request-Id")
    assert made.ask("GET", "/wasm-test").all("X-Wasm-Added") == ["true"]
    assert made.ask("GET", "/wasm/anything").all("X-Wasm-Added") == ["true"]


@pytest.mark.takes_long
def test_the_recipes_of_standalone_yaml_work_as_written(gateway, upstream):
    """But for where the modules are installed."""
    config, resources = re.findall(r"```yaml\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    for name, example in (("fault-injection", "fault-injection-rust"), ("custom-response-header", "custom-response-header-go")):
        config = config.replace(f"/opt/apisix/wasm/{name}.wasm", str(examples() / f"{example}.wasm"))
    made = gateway({"wasm": yaml.safe_load(config)["wasm"]}, store="yaml", start=False)
    made.write_resources(None, resources.replace("127.0.0.1:1980", upstream().address))
    made.start()
    answer = made.ask("GET", "/fault")
    assert (answer.status, answer.text) == (200, "hello world")
    with made.connect() as client:
        for method in ("GET", "HEAD", "GET"):
            answer = client.request(method, "/headers")
            assert (answer.status, answer.all("X-Go-Wasm")) == (200, ["APISIX"]), method


GOOD = [  # configuration, status, body, a header and its values
    *[(f"fault-injection-{language}", *rest) for language in ("rust", "go", "cpp", "as") for rest in (
        (FAULT, 200, "hello world"), ({"http_status": 418}, 418, ""), (None, 200, ""),
        ({"body": 'a "b" \u00e4\n', "http_status": 503}, 503, 'a "b" \u00e4\n'))],
    ("add-header-rust", {"header_name": "X-Mine", "header_value": "v"}, 200, HELLO, "X-Mine", ["v"]),
    ("add-header-rust", None, 200, HELLO, "X-Wasm-Added", ["true"]),
    ("custom-response-header-go", '{"headers":[{"name":"X-Go-Wasm","value":"APISIX"}]}', 200, HELLO, "X-Go-Wasm", ["APISIX"]),
    ("custom-response-header-go", {"headers": [{"name": "X-A", "value": "1"}, {"name": "X-A", "value": "2"}]}, 200, HELLO,
     "X-A", ["1", "2"]),
    ("body-limit-c", {"bytes": 10, "seconds": 1}, 200, HELLO),
    ("body-limit-c", None, 200, HELLO),
    ("do-nothing-rust", None, 200, HELLO),
    ("do-nothing-go", None, 200, HELLO),
    ("request-transform-as", {"response": {"add": [{"name": "X-A", "value": "1"}, {"name": "X-A", "value": "2"}]}}, 200, HELLO,
     "X-A", ["1", "2"]),
    ("request-transform-as", None, 200, HELLO),
    ("quota-rust", {"requests": 0, "seconds": 1, "client": "x-client"}, 429, "the quota is used up\n"),
    ("quota-rust", None, 200, HELLO)]
BAD = {
    **{f"fault-injection-{language}": [{"http_status": "200"}, {"http_status": 99}, {"body": 1}, "no json", [1], '{"body": "x"']
       for language in ("rust", "go", "cpp", "as")},
    "body-limit-c": [{"bytes": "1"}, {"bytes": -1}, {"bytes": 1.5}, {"seconds": 0}, {"others": 1}, [1], "no json", '{"bytes": 1',
                     '{"bytes": 1}}'],
    "quota-rust": [{"requests": "1"}, {"requests": -1}, {"seconds": 0}, {"client": ""}, {"others": 1}, [1], "no json"],
    "request-transform-as": [
        {"request": {"remove": "x"}}, {"request": {"rename": {"a": 1}}}, {"response": {"body": [{"text": "", "with": "a"}]}},
        {"others": 1}, [1], "no json", '{"request": {}'],
    "add-header-rust": [{"header_name": "not a name"}, {"header_value": 1}, "no json"],
    "custom-response-header-go": [{"headers": [{"name": "only"}]}, {"headers": [{"name": "a b", "value": "c"}]}, [1]]}


@pytest.mark.takes_long
@pytest.mark.parametrize("isolation", isolations)
def test_every_example_runs_with_good_configurations_and_refuses_bad_ones(gateway, upstream, isolation):
    made = gateway({"wasm": {"enable": True, "allowed_dirs": [str(examples())], "isolation": isolation}})
    nodes = {upstream().address: 1}

    def put(name, config):
        conf = {"path": str(examples() / f"{name}.wasm")} | ({} if config is None else {"config": config})
        return made.admin("PUT", f"routes/{name}", {"uri": f"/{name}", "plugins": {"wasm": {"conf": conf}},
                                                    "upstream": {"nodes": nodes}})

    for name, config, status, body, *header in GOOD:
        answer = put(name, config)
        assert answer.status in (200, 201), f"{name} {config}: {answer.text}"
        for _ in range(2):
            answer = made.ask("GET", f"/{name}")
            assert (answer.status, answer.text) == (status, body), f"{name} {config}"
            assert not header or answer.all(header[0]) == header[1], f"{name} {config}"
    for name, configs in BAD.items():
        for config in configs:
            answer = put(name, config)
            assert answer.status == 400, f"{name} {config}: {answer.text}"
            assert "its last log line: configuration refused: " in answer.text, f"{name} {config}: {answer.text}"
