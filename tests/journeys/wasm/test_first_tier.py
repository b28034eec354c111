"""Modules that are not kept serve with code that was compiled quickly, until the optimised one is there."""
import pytest

from harness.engines import needs_first_tier
from harness.modules import examples

IN_PLACE = "plugin teapot: its optimised code takes the place of that of the first tier after"
CONF = '{"http_status": 418, "body": "teapot"}'

pytestmark = needs_first_tier


def serving(gateway, upstream, **wasm):
    plugin = {"name": "teapot", "file": str(examples() / "fault-injection-go.wasm")}
    one = gateway({"wasm": {"plugins": [plugin], **wasm}})
    one.put("routes/1", {"uri": "/*", "plugins": {"teapot": {"conf": CONF}}, "upstream": {"nodes": {upstream().address: 1}}})
    return one


def cached(gateway):
    return sorted(gateway.path("data/wasm-code").glob("*.code"))


def told(gateway):
    return gateway.read("logs/error.log").count(IN_PLACE)


def ask_until(gateway, over):
    while not over():
        answer = gateway.ask("GET", "/a")
        assert (answer.status, answer.text) == (418, "teapot"), gateway.tell()


def test_the_optimised_code_takes_its_place_without_a_failed_request_and_is_kept(gateway, upstream):
    one = serving(gateway, upstream)
    if cached(one) and not told(one):
        pytest.skip("builds with sanitizers have no first tier")
    ask_until(one, lambda: told(one))
    assert one.metric("sallyport_wasm_modules_optimised_total") == 1
    assert one.metric("sallyport_wasm_vm_restarts_total") == 0
    assert len(cached(one)) == 1
    for _ in range(20):
        assert one.ask("GET", "/a").status == 418
    one.stop()
    one.start()
    assert one.ask("GET", "/a").status == 418
    assert one.metric("sallyport_wasm_modules_optimised_total") == 0, "what is kept needs no first tier"


def test_it_can_be_switched_off(gateway, upstream):
    one = serving(gateway, upstream, first_tier="off")
    assert one.ask("GET", "/a").status == 418
    assert len(cached(one)) == 1
    assert not told(one)
