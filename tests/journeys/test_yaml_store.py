"""apisix.yaml is read again after each change: at once, whole, and without losing what was good."""
from harness.patience import wait_until


def routes(upstream, *uris):
    return {"routes": [{"id": uri.strip("/"), "uri": uri, "upstream": {"nodes": {upstream.address: 1}}} for uri in uris]}


def wait_for(gateway, target, status):
    wait_until(lambda: gateway.ask("GET", target).status == status, f"{target} to answer {status}")


def test_a_change_serves_without_a_restart(gateway, upstream):
    up = upstream()
    one = gateway(store="yaml", resources=routes(up, "/a"))
    with one.connect() as client:
        assert client.request("GET", "/a").status == 200
        one.write_resources(routes(up, "/b"))
        wait_for(one, "/b", 200)
        # The connection has outlived the change.
        assert client.request("GET", "/a").status == 404
        assert client.request("GET", "/b").status == 200


def test_without_an_end_mark_nothing_changes(gateway, upstream):
    up = upstream()
    one = gateway(store="yaml", resources=routes(up, "/a"))
    one.write_resources(None, "routes: []\n")
    wait_until(lambda: "#END" in one.read("logs/error.log"), "a complaint about the end mark")
    assert one.ask("GET", "/a").status == 200
    one.write_resources(routes(up, "/b"))
    wait_for(one, "/a", 404)


def test_a_bad_item_is_named_and_its_last_good_form_serves(gateway, upstream):
    up = upstream()
    one = gateway(store="yaml", resources=routes(up, "/a", "/b"))
    bad = routes(up, "/a", "/b", "/c")
    bad["routes"][0]["uri"] = 7
    one.write_resources(bad)
    wait_for(one, "/c", 200)
    assert one.ask("GET", "/a").status == 200
    assert one.ask("GET", "/b").status == 200
    assert "apisix.yaml:" in one.read("logs/error.log")


def test_text_that_is_no_yaml_changes_nothing(gateway, upstream):
    up = upstream()
    one = gateway(store="yaml", resources=routes(up, "/a"))
    one.write_resources(None, "routes: [\n#END\n")
    wait_until(lambda: "apisix.yaml:" in one.read("logs/error.log"), "a complaint about the file")
    assert one.ask("GET", "/a").status == 200


def test_the_environment_is_substituted(gateway, upstream, monkeypatch):
    monkeypatch.setenv("JOURNEY_URI", "/from-environment")
    up = upstream()
    items = [{"id": i, "uri": uri, "upstream": {"nodes": {up.address: 1}}}
             for i, uri in enumerate(["${{JOURNEY_URI}}", "${{JOURNEY_NONE:=/otherwise}}"], 1)]
    one = gateway(store="yaml", resources={"routes": items}, start=False)
    one.start()
    assert one.ask("GET", "/from-environment").status == 200
    assert one.ask("GET", "/otherwise").status == 200
