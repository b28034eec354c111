"""The SDK for plugins in AssemblyScript, sdk/assemblyscript: what it says is the ABI, and does what it tells."""
import json
import os
import re
import subprocess

import pytest
import yaml

from harness.abi import EXPORTS, IMPORTS, table, types_of
from harness.assemblyscript import EXAMPLE, blocks, compiled, compiled_plugin
from harness.engines import ENGINE
from harness.modules import ROOT, examples
from harness.patience import wait_until
from harness.settings import ADMIN_KEY

pytestmark = pytest.mark.takes_long
README = ROOT / "sdk/assemblyscript/README.md"
PAGE = ROOT / "docs/plugins-in-assemblyscript.md"
PROBING = ROOT / "tests/journeys/wasm/sdk_assemblyscript"


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


def test_the_page_for_authors_works_as_written(gateway, upstream):
    """Its files are those of the blocks; an edit of its own test fails it with file and line."""
    one = gateway({"wasm": {"plugins": [{"name": "require-header", "file": "require-header.wasm"}]}}, start=False)
    one.path("assembly").mkdir()
    files = re.findall(r"`([\w./]+\.(?:ts|json))`[^`]*```\w+\n(.*?)^```", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    assert len(files) == 6
    for name, text in files:
        one.path(name).write_text(text)
    _, build_test, run_test = blocks(PAGE, "sh")[0].splitlines()
    build, ship = blocks(PAGE, "sh")[1:]
    assert (build_test, build) == ("npx asc --config asconfig.test.json", "npx asc\n")
    compiled(one.path("."))
    tested = one.path("assembly/settings_test.ts")
    wrong = tested.read_text().replace('"blue")', '"grey")')
    for text, failure in ((tested.read_text(), ""), (wrong, "passes in assembly/settings_test.ts:7:3")):
        tested.write_text(text)
        compiled(one.path("."), "--config", "asconfig.test.json")
        ran = subprocess.run(["bash", "-c", run_test], cwd=one.path("."), capture_output=True, text=True, check=False)
        assert (ran.returncode == 0) == (not failure) and failure in ran.stderr, ran.stderr
    one.start()
    conf = yaml.safe_load(re.search(r"`conf: (\{.*?\})`", PAGE.read_text()).group(1))
    one.put("routes/1", {"uri": "/a", "plugins": {"require-header": {"conf": conf}}, "upstream": {"nodes": {upstream().address: 1}}})
    answers = [one.ask("GET", "/a", headers=headers) for headers in ({}, {"X-Team": "green"}, {"X-Team": "blue"})]
    assert [answer.status for answer in answers] == [401, 401, 200]
    assert (answers[0].text, answers[0].get("content-type")) == ("who are you?\n", "text/plain")
    one.wait_for_line("refused: x-team is missing or wrong")
    refused = one.admin("PUT", "routes/1", {"uri": "/a", "plugins": {"require-header": {"conf": {"headers": "x-team"}}}})
    assert refused.status == 400 and "headers is not known; the configuration has header, values" in refused.text
    there = gateway()
    for usual, actual in ((9180, there.ports["admin"]), (9080, there.ports["proxy"]), (1980, upstream().address.rsplit(":")[-1])):
        ship = ship.replace(f"127.0.0.1:{usual}", f"127.0.0.1:{actual}")
    shipped = subprocess.run(["bash", "-ec", ship], cwd=one.path("."), env={**os.environ, "KEY": ADMIN_KEY}, capture_output=True,
                             text=True, check=True)
    assert re.findall(r"(?m)^HTTP/1.1 (\d+)", shipped.stdout) == ["401", "200"], shipped.stdout


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


@pytest.fixture(scope="module")
def module(tmp_path_factory):
    """The plugin that calls all of the SDK and hears all of the host."""
    return compiled_plugin(PROBING, tmp_path_factory.mktemp("probing"))


def probing(gateway, module, there, conf="conf", **settings):
    declared = {"name": "probing", "file": str(module), "root_id": "probing", "vm_config": "of the vm", **settings}
    one = gateway({"wasm": {"plugins": [declared]}, "nginx_config": {"worker_processes": 1}})
    put(one, there, conf)
    return one


def put(one, there, conf):
    one.put("routes/1", {"uri": "/*", "plugins": {"probing": {"conf": conf}}, "upstream": {"nodes": {there.address: 1}}})


def told(one, target, **options):
    answer = one.ask("GET", target, **options)
    assert answer.status == 200, one.tell()
    return dict(line.split(": ", 1) for line in answer.text.split("\n"))


def test_a_module_that_uses_all_of_it_is_the_abi(module):
    imports, exports = types_of(module)
    assert imports == table(IMPORTS, "env.proxy_") | {"wasi_snapshot_preview1.random_get": ("ii", "i")}
    assert exports == table(EXPORTS, "proxy_") | {"_initialize": ("", "-")}


def test_the_host_answers_each_call(gateway, upstream, module):
    one = probing(gateway, module, upstream())
    assert one.ask("GET", "/told").text == "9 of the vm, 4 conf"
    assert told(one, "/headers", headers={"x-one": "1"}) == {
        "get": "1", "missing": "null 1", "bytes": "1", "has": "true false", "add": "0", "values": "1|\u00e4 \U0001f600", "replace": "0",
        "replaced": "3", "remove": "0", "removed": "null", "size": "0", "replaceAll": "0", "all": "1", "not there": "0",
        "read": "2a1", "most of a part": "1"}
    assert told(one, "/buffers") == {"size": "0", "size's status": "1", "body": "'' 1", "set": "0", "call": "'' 1"}
    assert told(one, "/properties") == {
        "text": "GET", "number": "0", "no number": "-1", "bool": "false", "no bool": "true", "missing": "null 1", "set": "0",
        "own": "'value' 0", "set bytes": "0", "empty": "'' 0"}
    assert told(one, "/shared") == {
        "missing": "true 1", "set": "0", "get": "one", "with cas": "0", "with an old cas": "8", "after": "two", "empty": "0",
        "bytes": "0", "deleted": "'' 0", "deleted again": "null 1", "no function": "null 1"}
    assert told(one, "/metrics") == {
        "count": "0", "not by 0": "2", "counted": "true", "record": "0", "fall": "0", "gauge": "3", "observe": "0",
        "no increment": "2", "no value": "0", "no value's status": "2", "none": "1"}
    assert one.metric("wasm_probe_histogram_count", plugin="probing") == 1
    streams = told(one, "/streams")
    assert streams.pop("not waited for") in ("0", "1")
    assert streams == {"not paused": "0", "no such context": "2", "tcp": "0"}
    binary = b"a\xff\xc3\xa4\xed\xa0\x80\xc0\xaf\xf0\x9f\x98\x80\xef\xbf\xbd\xf4\x90\x80\x80\xf0\x9f\x98"
    assert told(one, "/texts", headers={"x-binary": binary.decode("latin-1")}) == {
        "bytes": "23", "no UTF-8": "a\ufffd\u00e4" + 5 * "\ufffd" + "\U0001f600" + 8 * "\ufffd", "replaced": "a\ufffdb",
        "emoji": "4", "json": "", "no json": "a value is missing at character 15"}
    times = told(one, "/times")
    assert 1_600_000_000_000 < int(times.pop("now")) and times == {"order": "true", "random": "true"}


def test_calls_that_cannot_be_made_are_refused(gateway, upstream, module):
    one = probing(gateway, module, upstream())
    answers = told(one, "/calls")
    assert answers == {"http": "true", "http's status": "2", "grpc": "true", "stream": "true", "send": "1", "cancel": "1",
                       "close": "1", "code": "0"}


def test_http_calls_are_answered(gateway, upstream, module):
    there = upstream(answers=[{"body": "from there", "headers": {"X-A": "1"}}])
    one = probing(gateway, module, upstream())
    one.put("upstreams/there", {"type": "roundrobin", "nodes": {there.address: 1}})
    put(one, upstream(), "calls")
    assert one.ask("GET", "/a").text == "answered: from there", one.tell()
    one.wait_for_line(r"callback of \d+: call \d+, \d+ 200, 10 from there, 0, answer 1")
    wait_until(lambda: len(there.seen) == 2, one.tell)
    with_body = next(seen for seen in there.seen if seen.text)
    assert (with_body.text, with_body.get("host")) == ("body", "there")
    one.put("upstreams/there", {"type": "roundrobin", "nodes": {upstream(down=True).address: 1}})
    assert one.ask("GET", "/a").text.startswith("answered: "), one.tell()
    one.wait_for_line(r"callback of \d+: call \d+, \d+ 503, ")


def test_messages_of_queues_come(gateway, upstream, module):
    one = probing(gateway, module, upstream())
    assert told(one, "/queues") == {
        "registered": "true", "resolved": "true", "not resolved": "0", "not resolved's status": "1", "empty": "null 7",
        "nowhere": "1", "nothing": "null 1", "enqueue": "0"}
    wait_until(lambda: told(one, "/from-the-queue") == {"message": "a message"}, one.tell)


def test_bodies_and_trailers_are_changed_in_both_directions(gateway, upstream, module):
    there = upstream(answers=[{"body": "hello"}, {"chunks": ["a"], "trailers": {"X-T": "1"}}])
    one = probing(gateway, module, there)
    answer = one.ask("POST", "/stream", body="ab!cd")
    assert there.seen[0].text == "[ab-spliced-cd]"
    assert (answer.text, answer.get("x-status")) == ("<hello:5>", "200")
    answer = one.ask("POST", "/stream", chunks=["b"], trailers={"X-A": "1", "X-B": "2"})
    trailers = {name.lower(): value for name, value in there.seen[1].trailers}
    assert (there.seen[1].text, trailers) == ("b", {"x-a": "1", "x-b": "replaced", "x-number": "2"})
    assert answer.text == "<a:1>"
    assert {name.lower(): value for name, value in answer.trailers} == {"x-t": "1", "x-seen": "1"}


def test_what_is_held_goes_on_in_a_tick(gateway, upstream, module):
    there = upstream()
    one = probing(gateway, module, there)
    assert one.ask("GET", "/pause").status == 200
    assert there.seen[0].all("x-tick") == ["1"]


def test_local_responses_and_ends(gateway, upstream, module):
    there = upstream()
    one = probing(gateway, module, there)
    answer = one.ask("GET", "/bytes")
    assert (answer.status, answer.body, answer.all("x-a")) == (299, b"\xff\x00\x00", ["1", "2"])
    with one.connect() as client:
        client.send(b"GET /close HTTP/1.1\r\nHost: a\r\n\r\n")
        assert client.is_closed()
    assert there.seen == []


def test_lines_of_the_log(gateway, upstream, module):
    one = probing(gateway, module, upstream())
    level = told(one, "/logs")
    assert level["logged"] == "true " + ("true" if level["level"] == "0" else "false")
    for line in ("info.*told at info \u00e4 \U0001f600", "warn.*told at warn", "error.*told at error", "told at critical"):
        one.wait_for_line(line)


def test_ends_are_told(gateway, upstream, module):
    one = probing(gateway, module, upstream())
    assert one.ask("GET", "/done").status == 200
    for line in ("logged /done", "deleted /done"):
        one.wait_for_line(line)
    lines = one.read("logs/error.log")
    assert lines.index("logged /done") < lines.index("deleted /done")
    put(one, upstream(), "another")
    one.wait_for_line("root done")
    one.wait_for_line("root deleted")


def test_the_end_of_a_vm_names_its_place(gateway, upstream, module):
    function = "" if ENGINE == "wasmedge" else " in .*assembly/plugin/Exchange#onRequestHeaders"  # which that does not tell
    one = probing(gateway, module, upstream())
    for target, reason in (("/abort", "Index out of range at ~lib/[a-z/]*.ts"), ("/assert", "there are headers at assembly/plugin.ts")):
        assert one.ask("GET", target).status == 503
        one.wait_for_line(rf"{reason}:\d+:\d+")
        one.wait_for_line(f"trapped: unreachable .*{function}")
        assert one.ask("GET", "/told").status == 200


def test_configurations_are_refused(gateway, upstream, module):
    one = probing(gateway, module, upstream())
    answer = one.admin("PUT", "routes/1", {"uri": "/*", "plugins": {"probing": {"conf": "refused"}}})
    assert answer.status == 400 and "proxy_on_configure" in answer.text, answer.text


def test_a_root_id_chooses_the_plugin(gateway, upstream, module):
    one = probing(gateway, module, upstream(), root_id="idle")
    assert one.ask("GET", "/told").text == "hello from upstream-a\n"
    one = gateway({"wasm": {"plugins": [{"name": "x", "file": str(module), "root_id": "none"}]}})
    answer = one.admin("PUT", "routes/1", {"uri": "/*", "plugins": {"x": {"conf": "a"}}})
    assert answer.status == 400 and "proxy_on_context_create trapped" in answer.text
    one.wait_for_line("no root context is registered under the root id 'none' at ~lib/[a-z@/-]*.ts:[0-9]+")


def test_garbage_is_collected_within_and_between_callbacks(gateway, upstream, module):
    there = upstream()
    one = probing(gateway, module, there, memory_limit="2m", cpu_budget="10s")
    assert told(one, "/garbage") == {"made": str(sum(i + 10000 for i in range(2000)))}
    with one.connect() as client:
        for _ in range(300):
            assert client.request("POST", "/stream", body="x" * 20000 + "!").status == 200, one.tell()
    assert one.ask("GET", "/told").text.startswith("9 of the vm")


def test_callbacks_that_only_other_hosts_call(module):
    """gRPC, TCP, foreign functions, and calls with all kinds of answers, from a host that is played."""
    played = subprocess.run(["node", PROBING / "host.mjs", module], capture_output=True, text=True, check=False)
    assert (played.returncode, played.stderr) == (0, ""), played.stdout + played.stderr
