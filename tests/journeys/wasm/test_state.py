"""What plugins keep beyond an exchange: shared data, queues, metrics, ticks; on several workers, through reloads and traps."""

import pytest

from harness.modules import assemble, examples
from harness.patience import wait_until

WORKERS = {"nginx_config": {"worker_processes": 4}}

# Ticks every 20 ms and counts it; the third tick of each VM traps.
TICKING = """(module
  (import "env" "proxy_set_tick_period_milliseconds" (func $every (param i32) (result i32)))
  (import "env" "proxy_define_metric" (func $define (param i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_increment_metric" (func $increment (param i32 i64) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "ticks.seen")
  (global $ticks (mut i32) (i32.const 0))
  (func (export "proxy_on_memory_allocate") (param i32) (result i32) (i32.const 1024))
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "proxy_on_configure") (param i32 i32) (result i32)
    (drop (call $define (i32.const 0) (i32.const 0) (i32.const 10) (i32.const 16)))
    (drop (call $every (i32.const 20)))
    (i32.const 1))
  (func (export "proxy_on_tick") (param i32)
    (drop (call $increment (i32.load (i32.const 16)) (i64.const 1)))
    (global.set $ticks (i32.add (global.get $ticks) (i32.const 1)))
    (if (i32.eq (global.get $ticks) (i32.const 3)) (then unreachable))))"""


def route(upstream, **conf):
    plugin = {"path": f"{examples()}/quota-rust.wasm", "name": "quota", "config": conf}
    return {"id": "r1", "uri": "/a", "plugins": {"wasm": {"conf": plugin}}, "upstream": {"nodes": {upstream.address: 1}}}


@pytest.fixture
def quota(gateway, upstream):
    """A gateway of four workers whose route lets ten requests of a client pass, and the route's upstream."""
    settings = {**WORKERS, "wasm": {"enable": True, "allowed_dirs": [str(examples())]}}
    there = upstream()
    return gateway(settings=settings, resources={"routes": [route(there, requests=10, seconds=100_000)]}), there


def ask(gateway, client, count):
    """The statuses of that many requests, each on a connection of its own, so that every worker gets some."""
    return [gateway.ask("GET", "/a", headers={"x-api-key": client}).status for _ in range(count)]


def test_shared_data_count_exactly_over_all_workers(quota):
    one, _ = quota
    assert sorted(ask(one, "alice", 30)) == [200] * 10 + [429] * 20
    assert ask(one, "bob", 1) == [200]


def test_shared_data_stay_when_the_conf_changes(quota):
    one, there = quota
    assert ask(one, "alice", 10) == [200] * 10
    one.put("routes/r1", route(there, requests=12, seconds=100_000))
    assert sorted(ask(one, "alice", 5)) == [200] * 2 + [429] * 3


def test_a_queue_tells_one_worker_of_the_messages_of_all(quota):
    one, _ = quota
    ask(one, "carol", 20)
    wait_until(lambda: one.read("logs/error.log").count("plugin quota: the quota of carol is used up") == 10, one.tell)
    assert one.metric("sallyport_wasm_shared_queue_messages", plugin="quota") == 0


def test_metrics_of_all_workers_are_added_up(quota):
    one, _ = quota
    ask(one, "dave", 15)
    of_quota = {"plugin": "quota"}
    assert one.metric("wasm_quota_passed", **of_quota) == 10
    assert one.metric("wasm_quota_refused", **of_quota) == 5
    assert one.metric("wasm_quota_used_count", **of_quota) == 15
    assert one.metric("wasm_quota_used_bucket", le="10", **of_quota) == 10
    assert one.metric("wasm_quota_used_sum", **of_quota) == sum(range(1, 16))
    assert 'wasm_quota_passed{plugin="quota",name="quota.passed"} 10\n' in one.metrics()
    assert one.metric("sallyport_wasm_shared_data_keys", **of_quota) == 1
    wait_until(lambda: one.metric("wasm_quota_seconds_up", **of_quota) >= 2, one.metrics)


def test_data_that_are_full_stop_nobody_else(gateway, upstream):
    settings = {"wasm": {"enable": True, "allowed_dirs": [str(examples())], "shared_data": {"max_keys": 2}}}
    one = gateway(settings=settings, resources={"routes": [route(upstream(), requests=1)]})
    for client in ("a", "b", "c", "d"):
        assert ask(one, client, 1) == [200]
    assert one.metric("sallyport_wasm_shared_data_keys", plugin="quota") == 2
    assert one.metric("sallyport_wasm_shared_data_evictions_total", plugin="quota") == 2


def test_ticks_go_on_after_traps_and_end_with_the_conf(gateway, upstream):
    one = gateway(settings={**WORKERS, "wasm": {"enable": True}})
    assemble(TICKING, one.path("ticking.wasm"))
    plugins = {"wasm": {"conf": {"path": one.path("ticking.wasm").name, "name": "ticking"}}}
    there = {"upstream": {"nodes": {upstream().address: 1}}}
    one.put("routes/r1", {"uri": "/a", "plugins": plugins, **there})
    wait_until(lambda: one.metric("wasm_ticks_seen", plugin="ticking") >= 4 * 3 + 4, one.metrics)
    one.wait_for_line("plugin ticking: proxy_on_tick trapped: unreachable")
    one.put("routes/r1", {"uri": "/a", **there})
    assert one.ask("GET", "/a").status == 200
