"""apisix.yaml is read again after each change: at once, whole, and without losing what was good."""
from harness.patience import wait_until
from harness.settings import apisix_yaml


def routes(upstream, *uris):
    return {"routes": [{"id": uri.strip("/"), "uri": uri, "upstream": {"nodes": {upstream.address: 1}}} for uri in uris]}


def wait_for(gateway, target, status):
    """One of the workers answers so; another may still be about to see the change."""
    wait_until(lambda: gateway.ask("GET", target).status == status, f"{target} to answer {status}")


def test_a_change_serves_without_a_restart(gateway, upstream):
    up = upstream()
    one = gateway(store="yaml", resources=routes(up, "/a"))
    with one.connect() as client:
        assert client.request("GET", "/a").status == 200
        one.write_resources(routes(up, "/b"))
        wait_for(one, "/b", 200)
        # The connection outlives the change.
        wait_until(lambda: client.request("GET", "/a").status == 404, one.tell)
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
    one.wait_for_line("apisix.yaml:")


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


def test_a_file_that_is_swapped_behind_a_link_is_read_again(gateway, upstream):
    """As Kubernetes mounts a config map: the file is a link into a folder that is itself swapped."""
    up = upstream()
    one = gateway(store="yaml", resources=routes(up, "/a"), start=False)
    for version, uri in (("v1", "/a"), ("v2", "/b")):
        one.path(f"conf/{version}").mkdir()
        one.path(f"conf/{version}/apisix.yaml").write_text(apisix_yaml(routes(up, uri)))
    one.path("conf/now").symlink_to("v1")
    one.path("conf/apisix.yaml").unlink()
    one.path("conf/apisix.yaml").symlink_to("now/apisix.yaml")
    one.start()
    assert one.ask("GET", "/a").status == 200
    one.path("conf/next").symlink_to("v2")
    one.path("conf/next").rename(one.path("conf/now"))
    wait_for(one, "/b", 200)
    wait_for(one, "/a", 404)


def test_a_file_that_vanishes_leaves_what_was_read(gateway, upstream):
    up = upstream()
    one = gateway(store="yaml", resources=routes(up, "/a"))
    one.path("conf/apisix.yaml").unlink()
    wait_until(lambda: "apisix.yaml: cannot be read: No such file or directory; what was read before keeps serving" in
               one.read("logs/error.log"), one.tell)
    assert one.ask("GET", "/a").status == 200
    one.write_resources(routes(up, "/b"))
    wait_for(one, "/b", 200)


def test_a_file_that_grows_piece_by_piece_is_used_when_it_is_whole(gateway, upstream):
    up = upstream()
    one = gateway(store="yaml", resources=routes(up, "/a"))
    text = apisix_yaml(routes(up, "/b", "/c"))
    with open(one.path("conf/apisix.yaml"), "w", encoding="utf-8") as file:
        file.write(text[:len(text) // 2])
        file.flush()
        wait_until(lambda: "missing valid end flag" in one.read("logs/error.log"), one.tell)
        assert [one.ask("GET", uri).status for uri in ("/a", "/b")] == [200, 404]
        file.write(text[len(text) // 2:])
    wait_for(one, "/c", 200)
    wait_for(one, "/a", 404)


def test_references_come_and_go_with_the_file(gateway, upstream):
    up = upstream()
    nodes = {"nodes": {up.address: 1}}
    items = {"services": [{"id": "s", "upstream_id": "u"}], "routes": [{"id": 1, "uri": "/a", "service_id": "s"}]}
    one = gateway(store="yaml", resources={**items, "upstreams": [{"id": "u", **nodes}]})
    assert one.ask("GET", "/a").status == 200
    one.write_resources(items)
    wait_for(one, "/a", 502)
    one.write_resources({**items, "services": []})
    wait_for(one, "/a", 404)
    one.write_resources({**items, "services": [{"id": "s", "upstream": nodes}]})
    wait_for(one, "/a", 200)


def test_a_list_that_is_none_keeps_its_last_good_form(gateway, upstream):
    up = upstream()
    one = gateway(store="yaml", resources=routes(up, "/a"))
    one.write_resources(None, "routes: {id: 1}\nglobal_rules: [{id: 1, plugins: {request-id: {}}}]\n#END\n")
    wait_until(lambda: one.ask("GET", "/a").get("x-request-id"), one.tell)
    one.wait_for_line("apisix.yaml:1:1: routes must be a list")


def test_kinds_that_are_not_served_are_named(gateway, upstream):
    up = upstream()
    one = gateway(store="yaml", resources={**routes(up, "/a"), "ssls": [], "consumers": [{"username": "a"}], "rotes": []})
    one.wait_for_line("consumers: not served yet; ignored")
    one.wait_for_line("rotes: no kind of resource; ignored")
    assert one.ask("GET", "/a").status == 200


def test_a_start_without_the_file_is_refused(gateway):
    one = gateway(store="yaml", start=False)
    one.path("conf/apisix.yaml").unlink()
    for command in ("run", "check"):
        ended = one.run_command(command, "-c", "conf/config.yaml")
        assert ended.returncode == 1 and "apisix.yaml: cannot be read: No such file" in ended.stderr


def test_a_start_with_a_file_that_is_not_whole_is_refused(gateway):
    one = gateway(store="yaml", start=False)
    one.write_resources(None, "routes: []\n")
    ended = one.run_command("run", "-c", "conf/config.yaml")
    assert ended.returncode == 1 and "#END" in ended.stderr
