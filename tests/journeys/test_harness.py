"""The harness's own client and upstream, without a gateway between them."""
import pytest

from harness.client import Client, ask
from harness.expectations import check_message
from harness.settings import merge, with_upstreams
from harness.wire import WireError


def test_the_upstream_remembers_what_the_client_sends(upstream):
    up = upstream(answers=[{"status": 201, "headers": {"X-A": ["1", "2"]}, "body": "made"}, {"chunks": ["a", "bc"]}])
    with Client(up.port) as client:
        first = client.request("POST", "/x?y", headers={"X-B": "c"}, chunks=["12", "345"], trailers={"X-T": "t"})
        second = client.request("GET", "/z")
    assert (first.status, first.text, first.all("x-a")) == (201, "made", ["1", "2"])
    assert (second.text, second.chunks) == ("abc", [1, 2])
    seen = up.take_seen()
    assert [s.start for s in seen] == ["POST /x?y HTTP/1.1", "GET /z HTTP/1.1"]
    assert (seen[0].body, seen[0].trailers, seen[0].connection, seen[1].connection) == (b"12345", [("X-T", "t")], 1, 1)


def test_an_upstream_can_close_or_be_down(upstream):
    with pytest.raises(WireError):
        ask(upstream(answers=[{"close": True}]).port, "GET", "/")
    with pytest.raises(ConnectionRefusedError):
        ask(upstream("down", down=True).port, "GET", "/")


def test_a_body_is_held_back_until_it_is_asked_for(upstream):
    response = ask(upstream().port, "POST", "/", body="abc", expect_continue=True)
    assert (response.status, response.interim) == (200, [100])


def test_differences_are_named(upstream):
    response = ask(upstream(answers=[{"headers": {"X-A": "b"}, "body": "{\"a\": 1, \"b\": 2}"}]).port, "GET", "/")
    differences = []
    check_message("response", response, {"status": 200, "headers": {"x-a": {"matches": "b"}, "x-b": "absent"},
                                         "json_has": {"a": 1}}, differences)
    assert not differences
    check_message("response", response, {"status": 404, "headers": {"x-a": "c"}, "json": {"a": 1}}, differences)
    assert differences == ["response status: expected '404' once, got ['200']",
                           "response header x-a: expected 'c' once, got ['b']",
                           'response json: expected {"a": 1}, got {"a": 1, "b": 2}']


def test_names_of_upstreams_become_addresses():
    value = {"nodes": {"up": 1, "localhost:{{up.port}}": 2}, "port": "{{up.port}}", "uri": "/{{up}}/x", "id": "up"}
    assert with_upstreams(value, {"up": "127.0.0.1:80"}) == {
        "nodes": {"127.0.0.1:80": 1, "localhost:80": 2}, "port": 80, "uri": "/127.0.0.1:80/x", "id": "up"}


def test_settings_merge_by_mapping_and_replace_lists():
    assert merge({"a": {"b": 1, "c": [1]}}, {"a": {"c": [2], "d": 3}}) == {"a": {"b": 1, "c": [2], "d": 3}}
