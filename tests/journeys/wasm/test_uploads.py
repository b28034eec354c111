"""Plugins that are put through the Admin API, replaced, rolled back and deleted while requests go on."""
import base64
import hashlib
import signal

import pytest

from harness.asking import AllAsking
from harness.settings import VIEWER_KEY
from harness.versions import add_route, module, version_at


def padded(bytes_, size):
    """The module with a custom section of so many bytes behind it."""
    length, number = size, b""
    while length:
        length, low = length >> 7, length & 127
        number += bytes([low | (128 if length else 0)])
    return bytes_ + b"\0" + number + b"\1p" + b"x" * (size - 2)


def put(gateway, code, name="own", expected=(200, 201)):
    answer = gateway.admin("PUT", f"wasm/{name}", code, headers={"Content-Type": "application/wasm"})
    assert answer.status in expected, answer.text
    return answer.json()


def refusal(gateway, code, name="own", **options):
    answer = gateway.admin("PUT", f"wasm/{name}", code, **options)
    assert answer.status == 400, answer.text
    return answer.json()["error_msg"]


@pytest.fixture
def serving(gateway, upstream):
    """A gateway with a route that uses the plugin `own`, version A."""
    one = gateway()
    put(one, module("A"))
    add_route(one, upstream())
    assert version_at(one) == "A"
    return one


def test_a_plugin_is_put_shown_used_and_deleted(gateway, upstream):
    one = gateway()
    code = module("A")
    value = put(one, code, expected=(201,))["value"]
    assert (value["id"], value["version"], value["size"], value["abi_version"]) == ("own", 1, len(code), "0.2.1")
    assert value["sha256"] == hashlib.sha256(code).hexdigest()
    assert value["priority"] == 0 and value["settings"] == {}
    shown = one.admin("GET", "wasm/own").json()
    assert shown["value"] == value and shown["key"] == "/apisix/wasm/own" and shown["createdIndex"]
    assert [item["value"]["id"] for item in one.admin("GET", "wasm").json()["list"]] == ["own"]
    assert one.admin("GET", "wasm/own/module").body == code
    assert "own" in one.admin("GET", "plugins/list").json()

    add_route(one, upstream())
    assert version_at(one) == "A"
    answer = one.admin("DELETE", "wasm/own")
    assert (answer.status, answer.json()) == (400, {
        "error_msg": "can not delete this wasm plugin, route [1] is still using it now"})
    assert one.admin("DELETE", "routes/1").status == 200
    assert one.admin("DELETE", "wasm/own").json() == {"deleted": "1", "key": "/apisix/wasm/own"}
    assert one.admin("GET", "wasm/own").status == 404
    assert one.admin("PUT", "routes/1", {"uri": "/a", "plugins": {"own": {"conf": "x"}}}).status == 400


def test_it_is_as_if_it_stood_in_the_settings(gateway, upstream):
    """Its conf is checked as theirs, and a `plugins` list does not have to name it."""
    one = gateway({"plugins": ["request-id"]})
    put(one, module("A"))
    answer = one.admin("PUT", "routes/1", {"uri": "/a", "plugins": {"own": {}}})
    assert answer.status == 400 and 'property "conf" is required' in answer.json()["error_msg"]
    add_route(one, upstream())
    assert version_at(one) == "A"


def test_settings_come_in_json(gateway):
    one = gateway()
    body = {"module": base64.b64encode(module("A")).decode(), "priority": 12, "fail": "open"}
    value = one.put("wasm/own", body).json()["value"]
    assert value["priority"] == 12 and value["settings"] == {"priority": 12, "fail": "open"}
    value = one.put("wasm/own", {"priority": 13}).json()["value"]
    assert (value["version"], value["priority"], value["settings"]) == (2, 13, {"priority": 13})
    value = put(one, module("B"))["value"]
    assert (value["version"], value["settings"]) == (3, {"priority": 13})
    assert "file is unknown" in refusal(one, {"file": "a.wasm"})
    assert "memory_limit is" in refusal(one, {"memory_limit": "4g"})


def test_what_cannot_be_served_is_refused_with_the_reason(serving):
    for code, reason in [(module("A", marker="not_a_marker"), "it is no Proxy-Wasm plugin"),
                         (module("A", add="proxy_teleport"), "it imports env.proxy_teleport, which this gateway does not offer"),
                         (b"\0asm\x0d\0\1\0", "it is a WebAssembly component"),
                         (module("A")[:-10], "at byte"),
                         (b"#!/bin/sh", "it is neither application/wasm nor a JSON object")]:
        assert reason in refusal(serving, code)
    assert "it is not WebAssembly" in refusal(serving, b"text", headers={"Content-Type": "application/wasm"})
    assert "is the name of another plugin" in refusal(serving, module("A"), name="request-id")
    assert serving.admin("GET", "wasm/own").json()["value"]["version"] == 1
    assert version_at(serving) == "A"


def test_a_version_that_refuses_a_conf_in_use_does_not_come_into_force(serving):
    reason = refusal(serving, module("B", configured=0))
    assert reason.startswith("routes/1: failed to check the configuration of plugin own err: ")
    assert "proxy_on_configure refused the configuration" in reason
    assert version_at(serving) == "A"


def test_versions_are_replaced_under_load_without_a_failed_request(serving):
    with AllAsking(serving, clients=4, is_good=lambda response: response.get("x-version") in ("A", "B")):
        for turn in range(50):
            name = "BA"[turn % 2]
            put(serving, module(name))
            for _ in range(4):  # each on a connection of its own, so that both workers are met
                assert version_at(serving) == name
    versions = serving.admin("GET", "wasm/own/versions").json()
    assert versions["total"] == 8 and versions["list"][-1]["version"] == 51


def test_an_older_version_comes_into_force_again(serving):
    put(serving, module("B"))
    assert version_at(serving) == "B"
    answer = serving.admin("PUT", "wasm/own/versions/1")
    assert answer.status == 200 and answer.json()["value"]["version"] == 1
    assert version_at(serving) == "A"
    assert serving.admin("GET", "wasm/own/versions/2/module").body == module("B")
    assert serving.admin("PUT", "wasm/own/versions/9").status == 404


def test_what_was_answered_survives_a_kill(serving):
    put(serving, module("B"))
    serving.kill()
    serving.start()
    assert version_at(serving) == "B"
    assert serving.admin("PUT", "wasm/own/versions/1").status == 200
    serving.kill()
    serving.start()
    assert version_at(serving) == "A"


def test_reading_the_settings_again_leaves_it(serving):
    put(serving, module("B"))
    serving.signal(signal.SIGHUP)
    serving.wait_for_line("settings were read again")
    assert version_at(serving) == "B"
    assert serving.admin("PUT", "plugins/reload").status == 200
    assert version_at(serving) == "B"
    serving.stop()
    checked = serving.run_command("check", "-c", "conf/config.yaml")
    assert checked.returncode == 0 and "skipped" not in checked.stderr, checked.stderr
    serving.start()


def test_a_damaged_module_prevents_no_start(serving, upstream):
    add_route(serving, upstream("upstream-b"), plugin="request-id", route="2", uri="/b")
    serving.stop()
    blob = serving.path(f"data/sallyport.db.blobs/{hashlib.sha256(module('A')).hexdigest()}")
    blob.write_bytes(module("B"))
    serving.start()
    assert serving.ask("GET", "/a").status == 503
    assert serving.ask("GET", "/b").status == 200
    line = serving.wait_for_line("/apisix/wasm/own: ")
    assert "damaged: its SHA-256 is not its name" in line
    assert len([line for line in serving.read("logs/error.log").splitlines() if "/apisix/wasm/own: " in line]) == 1
    put(serving, module("A"))
    assert version_at(serving) == "A"


def test_large_modules_are_taken_up_to_the_limit(gateway, upstream):
    one = gateway({"wasm": {"uploads": {"max_size": "21m", "keep_versions": 2}}})
    large = padded(module("A"), 20 << 20)
    assert put(one, large)["value"]["size"] == len(large)
    add_route(one, upstream())
    assert version_at(one) == "A"
    assert "are allowed (wasm.uploads.max_size)" in refusal(one, padded(module("A"), 21 << 20))
    answer = one.admin("PUT", "wasm/own", padded(module("A"), 30 << 20), headers={"Content-Type": "application/wasm"})
    assert answer.status == 413
    for name in "BCD":
        put(one, module(name))
    assert [version["version"] for version in one.admin("GET", "wasm/own/versions").json()["list"]] == [3, 4]
    assert len(list(one.path("data/sallyport.db.blobs").iterdir())) == 2


def test_who_may_only_read_may_not_put(gateway):
    one = gateway()
    assert one.admin("PUT", "wasm/own", module("A"), key=VIEWER_KEY).status == 401
    assert one.admin("PUT", "wasm/own", padded(module("A"), 2 << 20), key=None).status == 413
    assert one.admin("GET", "wasm", key=VIEWER_KEY).json() == {"total": 0, "list": []}
    assert one.admin("PATCH", "wasm/own", {}).status == 405


def test_a_declared_plugin_keeps_its_name(gateway, upstream):
    one = gateway({"wasm": {"plugins": [{"name": "own", "file": "own.wasm"}]}}, start=False)
    one.path("own.wasm").write_bytes(module("A"))
    one.start()
    assert "is the name of another plugin" in refusal(one, module("B"))
    add_route(one, upstream())
    assert version_at(one) == "A"


def test_with_resources_in_a_file_nothing_can_be_put(gateway):
    one = gateway(store="yaml")
    answer = one.admin("PUT", "wasm/own", module("A"))
    assert answer.status == 405 and "apisix.yaml" in answer.text
    assert one.admin("GET", "wasm").json() == {"total": 0, "list": []}
