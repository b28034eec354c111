"""The SDK for plugins in AssemblyScript, sdk/assemblyscript: what it says is the ABI, and does what it tells."""
import json

import pytest
import yaml

from harness.assemblyscript import EXAMPLE, blocks, compiled
from harness.modules import ROOT, examples

pytestmark = pytest.mark.takes_long
README = ROOT / "sdk/assemblyscript/README.md"


def test_the_example_of_the_readme_works_as_written(gateway, upstream):
    """But for where the packages come from: they are those of the example plugin."""
    settings = yaml.safe_load(blocks(README, "yaml")[0])
    one = gateway({"wasm": settings["wasm"]}, start=False)
    one.path("assembly").mkdir()
    one.path("assembly/plugin.ts").write_text(blocks(README, "ts")[0])
    config, package, conf = blocks(README, "json")
    one.path("asconfig.json").write_text(config)
    assert json.loads(package)["devDependencies"] == json.loads((EXAMPLE / "package.json").read_text())["devDependencies"]
    assert blocks(README, "sh") == ["npm install\nnpx asc\n"]
    compiled(one.path("."))
    one.start()
    one.put("routes/1", {"uri": "/a", **json.loads(conf), "upstream": {"nodes": {upstream().address: 1}}})
    assert one.ask("GET", "/a").all("x-hello") == ["from a plugin"]


def transforming(gateway, there, **conf):
    plugin = {"path": f"{examples()}/request-transform-as.wasm", "name": "request-transform", "config": conf}
    route = {"id": "r1", "uri": "/*", "plugins": {"wasm": {"conf": plugin}}, "upstream": {"nodes": {there.address: 1}}}
    return gateway(settings={"wasm": {"enable": True, "allowed_dirs": [str(examples())]}}, resources={"routes": [route]})


def test_request_transform_as_changes_the_headers_of_both_directions(gateway, upstream):
    there = upstream(answers=[{"headers": {"X-Gone": "1", "X-Old": "2", "X-Kept": "3"}, "body": "hello"}])
    one = transforming(gateway, there, request={
        "remove": ["X-Secret"], "rename": {"x-from": "x-to", "x-none": "x-nothing"}, "replace": {"x-set": "gateway", "x-own": "a"},
        "add": [{"name": "X-Tag", "value": "1"}, {"name": "x-tag", "value": "2"}]},
        response={"remove": ["x-gone"], "rename": {"X-Old": "X-New"}})
    answer = one.ask("GET", "/a", headers={"x-secret": "s", "x-from": "f", "x-to": "t", "x-set": "client"})
    seen = there.seen[0]
    assert [seen.all(name) for name in ("x-secret", "x-from", "x-to", "x-nothing", "x-set", "x-own", "x-tag")] == [
        [], [], ["f"], [], ["gateway"], ["a"], ["1", "2"]]
    assert [answer.all(name) for name in ("x-gone", "x-old", "x-new", "x-kept")] == [[], [], ["2"], ["3"]]
    assert answer.text == "hello"


def test_request_transform_as_rewrites_bodies_across_their_pieces(gateway, upstream):
    there = upstream(answers=[{"chunks": ["the co", "lour \u00e4", " of colours"]}])
    rewriting = [{"text": "colour", "with": "color"}, {"text": "\u00e4", "with": "ae \U0001f600"}]
    one = transforming(gateway, there, request={"body": rewriting}, response={"body": rewriting})
    for sent in ({"body": "my colour: \u00e4"}, {"chunks": ["my col", "our: ", "\u00e4"]}):
        answer = one.ask("POST", "/a", **sent)
        assert (answer.status, answer.text) == (200, "the color ae \U0001f600 of colors"), one.tell()
        assert there.seen[-1].text == "my color: ae \U0001f600"
