"""`$env://NAME` in place of texts of resources."""
import json

import pytest

from harness.certificates import Certificate, authority, client_context

SECRET = "s3cret-of-the-environment"


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    monkeypatch.setenv("JOURNEY_SECRET", SECRET)
    monkeypatch.setenv("JOURNEY_ALL", json.dumps({"status": 418, "body": "from a member"}))
    return monkeypatch


def route(upstream, plugins):
    return {"id": "r", "uri": "/*", "plugins": plugins, "upstream": {"nodes": {upstream.address: 1}}}


@pytest.mark.parametrize("store", ["embedded", "yaml"])
def test_confs_of_plugins_have_them(gateway, upstream, store):
    plugins = {"response-rewrite": {"headers": {"set": {"X-Value": "$env://JOURNEY_SECRET"}}},
               "fault-injection": {"abort": {"http_status": "$ENV://JOURNEY_ALL/status", "body": "$env://JOURNEY_ALL/body"}}}
    g = gateway(store=store, resources={"routes": [route(upstream(), plugins)]})
    with g.connect() as client:
        answer = client.request("GET", "/")
        assert (answer.status, answer.text, answer.get("X-Value")) == (418, "from a member", SECRET)
    if store == "embedded":
        shown = g.admin("GET", "routes/r").text
        assert "$env://JOURNEY_SECRET" in shown and SECRET not in shown
    assert SECRET not in g.read("logs/error.log")


@pytest.mark.parametrize("store", ["embedded", "yaml"])
def test_certificates_and_keys_have_them(gateway, upstream, environment, store):
    root = authority()
    own = Certificate("a.example", root)
    environment.setenv("JOURNEY_CERT", own.pem)
    environment.setenv("JOURNEY_PAIR", json.dumps({"key": own.key_pem}))
    ssl = {"id": "1", "sni": "a.example", "cert": "$env://JOURNEY_CERT", "key": "$env://JOURNEY_PAIR/key"}
    g = gateway(store=store, resources={"ssls": [ssl], "routes": [route(upstream(), {})]})
    with g.connect_tls(client_context(root), "a.example") as client:
        assert client.request("GET", "/", host="a.example").status == 200


def test_what_is_missing_is_refused_and_the_last_good_form_serves_on(gateway, upstream):
    up = upstream()
    g = gateway(resources={"routes": [route(up, {"response-rewrite": {"body": "good"}})]})
    refused = g.admin("PUT", "routes/r", {"uri": "/*", "plugins": {"response-rewrite": {"body": "$env://JOURNEY_NONE"}}})
    assert refused.status == 400
    assert "$env://JOURNEY_NONE: the environment variable JOURNEY_NONE is not set" in refused.text
    with g.connect() as client:
        assert client.request("GET", "/").text == "good"


def test_a_value_that_does_not_fit_is_not_told(gateway, upstream):
    g = gateway()
    abort = {"abort": {"http_status": "$env://JOURNEY_SECRET"}}
    refused = g.admin("PUT", "routes/r", {"uri": "/*", "plugins": {"fault-injection": abort}})
    assert refused.status == 400 and SECRET not in refused.text


def test_an_item_of_the_file_that_lacks_its_variable_is_left_out(gateway, upstream):
    up = upstream()
    bad = {**route(up, {"response-rewrite": {"body": "$env://JOURNEY_NONE"}}), "id": "bad", "uri": "/bad"}
    g = gateway(store="yaml", resources={"routes": [route(up, {}), bad]})
    g.wait_for_line("the environment variable JOURNEY_NONE is not set")
    with g.connect() as client:
        assert client.request("GET", "/good").status == 200
