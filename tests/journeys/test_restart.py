"""What a gateway does with stored resources that have become bad while it was away."""
from harness.modules import modules
from harness.patience import wait_until


def restarted(gateway):
    gateway.stop()
    gateway.write_settings()
    return gateway.start()


def test_a_route_whose_module_is_gone_is_named_and_the_others_serve(gateway, upstream):
    nodes = {upstream().address: 1}
    one = gateway({"wasm": {"enable": True}}, start=False)
    one.path("own.wasm").write_bytes((modules() / "script.wasm").read_bytes())
    one.start()
    plugins = {"wasm": {"conf": {"path": "own.wasm", "config": "request_headers answer 403 no"}}}
    one.put("routes/1", {"uri": "/guarded", "upstream": {"nodes": nodes}, "plugins": plugins})
    one.put("routes/2", {"uri": "/free", "upstream": {"nodes": nodes}})
    assert one.ask("GET", "/guarded").status == 403
    one.path("own.wasm").unlink()
    restarted(one)
    # Never without its guard.
    assert one.ask("GET", "/guarded").status >= 400
    assert one.ask("GET", "/free").status == 200
    one.wait_for_line(r"\[error\] .*routes/1: .*own.wasm: cannot be read: No such file")
    assert one.admin("GET", "routes/1").status == 200
    one.path("own.wasm").write_bytes((modules() / "script.wasm").read_bytes())
    assert one.admin("PUT", "plugins/reload").status == 200
    assert one.ask("GET", "/guarded").status == 403


def test_a_route_to_the_admin_port_serves_no_longer_when_the_settings_forbid_it(gateway):
    one = gateway({"deployment": {"admin": {"reachable_through_routes": True}}})
    one.put("routes/1", {"uri": "/*", "upstream": {"nodes": {f"127.0.0.1:{one.ports['admin']}": 1}}})
    assert one.ask("GET", "/apisix/admin/routes").status == 401
    one.settings["deployment"]["admin"]["reachable_through_routes"] = False
    restarted(one)
    assert one.ask("GET", "/apisix/admin/routes").status == 404
    one.wait_for_line(r"routes/1: .*is the gateway's own Admin API")


def test_settings_of_another_store_leave_the_database_alone(gateway, upstream):
    nodes = {upstream().address: 1}
    one = gateway()
    one.put("routes/1", {"uri": "/a", "upstream": {"nodes": nodes}})
    one.settings["deployment"]["role_traditional"]["config_provider"] = "yaml"
    one.write_resources({"routes": [{"id": 1, "uri": "/b", "upstream": {"nodes": nodes}}]})
    one.store = "yaml"
    restarted(one)
    assert [one.ask("GET", uri).status for uri in ("/a", "/b")] == [404, 200]
    one.settings["deployment"]["role_traditional"]["config_provider"] = "embedded"
    restarted(one)
    assert [one.ask("GET", uri).status for uri in ("/a", "/b")] == [200, 404]


def test_a_database_that_is_none_refuses_the_start_and_is_not_touched(gateway):
    one = gateway(start=False)
    one.path("data").mkdir()
    one.path("data/sallyport.db").write_text("my holiday pictures")
    for command in ("run", "check"):
        ended = one.run_command(command, "-c", "conf/config.yaml")
        assert ended.returncode == 1 and "sallyport.db" in ended.stderr and "it was left as it is" in ended.stderr, command
    assert one.read("data/sallyport.db") == "my holiday pictures"


def test_after_a_kill_no_connection_goes_to_the_gateway_that_is_gone(gateway, upstream):
    one = gateway()
    one.put("routes/1", {"uri": "/a", "upstream": {"nodes": {upstream().address: 1}}})
    for _ in range(5):
        one.kill()
        one.start()
        for _ in range(8):
            assert one.ask("GET", "/a").status == 200


def test_gateways_that_share_a_port_serve_together(gateway, upstream):
    route = {"routes": [{"id": 1, "uri": "/a", "upstream": {"nodes": {upstream().address: 1}}}]}
    one = gateway(resources=route)
    two = gateway(start=False, resources=route)
    two.ports["proxy"] = one.ports["proxy"]
    two.settings["apisix"]["node_listen"] = one.settings["apisix"]["node_listen"]
    two.write_settings()
    two.start()
    for _ in range(20):
        assert one.ask("GET", "/a").status == 200
    one.stop()
    for _ in range(20):
        assert two.ask("GET", "/a").status == 200


def test_what_was_written_with_a_ttl_goes_when_that_is_over(gateway, upstream):
    nodes = {upstream().address: 1}
    one = gateway()
    one.put("routes/1?ttl=1", {"uri": "/soon", "upstream": {"nodes": nodes}})
    one.put("routes/2?ttl=3600", {"uri": "/late", "upstream": {"nodes": nodes}})
    wait_until(lambda: one.ask("GET", "/soon").status == 404, one.tell)
    assert one.admin("GET", "routes/1").text == '{"message":"Key not found"}\n'
    one.put("routes/1?ttl=1", {"uri": "/soon", "upstream": {"nodes": nodes}})
    restarted(one)
    wait_until(lambda: one.ask("GET", "/soon").status == 404, one.tell)
    one.wait_for_line(r"\[info\] .*routes/1: its ttl is over, and it is removed")
    assert one.ask("GET", "/late").status == 200
