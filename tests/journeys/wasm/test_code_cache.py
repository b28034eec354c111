"""Compiled code of plugins that is kept for the next start."""
import pytest

from harness.engines import needs_code_cache
from harness.modules import modules

pytestmark = needs_code_cache


def cached(gateway):
    return sorted(gateway.path("data/wasm-code").glob("*.code"))


def start_again(gateway):
    gateway.stop()
    gateway.start()
    answer = gateway.ask("GET", "/a")
    assert (answer.status, answer.get("x-a")) == (200, "b"), gateway.tell()


def serving(gateway, upstream, isolation="worker", **wasm):
    plugin = {"name": "script", "file": str(modules() / "script.wasm"), "isolation": isolation}
    one = gateway({"wasm": {"plugins": [plugin], "first_tier": "off", **wasm}})
    one.put("routes/1", {"uri": "/a", "plugins": {"script": {"conf": "response_headers add x-a b"}},
                         "upstream": {"nodes": {upstream().address: 1}}})
    return one


@pytest.mark.parametrize("isolation", ["worker", "request"])
def test_code_is_kept_privately_and_found_at_the_next_start(gateway, upstream, isolation):
    one = serving(gateway, upstream, isolation)
    (kept,) = cached(one)
    assert one.path("data/wasm-code").stat().st_mode & 0o777 == 0o700
    assert kept.stat().st_mode & 0o777 == 0o600
    before = kept.read_bytes(), kept.stat().st_ino
    start_again(one)
    assert (cached(one)[0].read_bytes(), cached(one)[0].stat().st_ino) == before, "it was not written again"


def test_code_that_was_tampered_with_is_not_run(gateway, upstream):
    one = serving(gateway, upstream)
    (kept,) = cached(one)
    good = kept.read_bytes()
    kept.write_bytes(good[:1000] + bytes([good[1000] ^ 1]) + good[1001:])
    start_again(one)
    one.wait_for_line(f"{kept.name}: is not what the gateway wrote; it is removed and the module compiled anew")
    assert len(cached(one)) == 1 and cached(one)[0].stat().st_size == len(good)


def test_a_folder_of_others_is_not_used(gateway, upstream):
    one = serving(gateway, upstream)
    one.path("data/wasm-code").chmod(0o777)
    start_again(one)
    one.wait_for_line("it must belong to the user of the gateway alone")


def test_without_a_cache_nothing_is_kept(gateway, upstream):
    one = serving(gateway, upstream, code_cache={"max_size": 0})
    start_again(one)
    assert not one.path("data/wasm-code").exists()
