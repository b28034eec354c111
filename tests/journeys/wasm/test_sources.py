"""Plugins whose modules are fetched from where their sources say, over HTTP, TLS and from a registry."""
import base64
import hashlib
import json
import signal
import ssl

import pytest

from harness.asking import AllAsking
from harness.certificates import Certificate, authority
from harness.patience import wait_until
from harness.registry import Registry, archive
from harness.versions import add_route, module, version_at
from harness.web_server import WebServer

SECRET = "a-password-that-nobody-sees"
PLAIN_TYPES = ["application/vnd.module.wasm.content.layer.v1+wasm", "application/vnd.wasm.content.layer.v1+wasm",
               "application/wasm"]


def put(gateway, source, name="own", **settings):
    answer = gateway.admin("PUT", f"wasm/{name}", {"source": source, **settings})
    assert answer.status in (200, 201), answer.text
    return answer.json()["value"]


def refusal(gateway, source, status=400, name="own"):
    answer = gateway.admin("PUT", f"wasm/{name}", {"source": source})
    assert answer.status == status, f"{answer.status} {answer.text}"
    return answer.json()["error_msg"]


def source_of(gateway, name="own"):
    answer = gateway.admin("GET", f"wasm/{name}/source")
    assert answer.status == 200, answer.text
    return answer.json()


def wait_for_state(gateway, state, name="own"):
    return wait_until(lambda: (told := source_of(gateway, name))["state"] == state and told,
                      lambda: f"{state}, and it is {source_of(gateway, name)}\n{gateway.tell()}")


def image(registry, name):
    return {"url": f"oci://{registry.address}/{name}", "plain_http": True}


def fixed(code, status=200):
    """A server that answers everything with the same."""
    return WebServer(lambda path, headers: (status, {}, code))


@pytest.fixture
def registry():
    with Registry() as one:
        yield one


@pytest.fixture
def trusted(gateway, tmp_path):
    """A gateway that trusts an authority, and a server's side of TLS with a certificate of it for localhost."""
    root = authority()
    root.write(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*Certificate("localhost", root).write(tmp_path))
    one = gateway({"wasm": {"sources": {"trusted_certificate": str(tmp_path / "authority.crt")}}})
    return one, context


# files


def test_a_module_is_fetched_used_and_shown_with_its_source(gateway, upstream):
    one, code = gateway(), module("A")
    with fixed(code) as files:
        value = put(one, files.url("/a.wasm"), priority=3)
        assert (value["source"], value["sha256"]) == (files.url("/a.wasm"), hashlib.sha256(code).hexdigest())
        assert (value["size"], value["priority"], value["version"]) == (len(code), 3, 1)
        add_route(one, upstream())
        assert version_at(one) == "A"
        assert one.admin("GET", "wasm/own/module").body == code
        assert one.admin("GET", "wasm/own").json()["value"]["source_state"]["state"] == "serving"
        assert source_of(one)["source"] == files.url("/a.wasm")
        put(one, files.url("/a.wasm"), priority=4)
        assert len(files.seen) == 1, "it is there, and need not be fetched for new settings"


def test_the_hash_is_checked(gateway):
    one, code = gateway(), module("A")
    with fixed(code) as files:
        right, wrong = hashlib.sha256(code).hexdigest(), hashlib.sha256(b"other").hexdigest()
        assert "the module has the SHA-256" in refusal(one, {"url": files.url("/a"), "sha256": wrong})
        assert one.admin("GET", "wasm/own").status == 404
        put(one, {"url": files.url("/a"), "sha256": right})


def test_what_cannot_be_fetched_changes_nothing_and_says_why(gateway, upstream):
    one = gateway()
    with fixed(module("A")) as files:
        put(one, files.url("/a"))
        add_route(one, upstream())
        files.answer = lambda path, headers: (404, {}, b"")
        assert "/b: the answer is 404" in refusal(one, files.url("/b"), 503)
        files.answer = lambda path, headers: (200, {}, b"no module")
        refusal(one, files.url("/b"))
    assert files.address in refusal(one, files.url("/b"), 503), "nobody is there"
    assert version_at(one) == "A"
    assert one.admin("GET", "wasm/own").json()["value"]["version"] == 1


def test_more_bytes_than_a_module_may_have_are_refused(gateway):
    one = gateway({"wasm": {"uploads": {"max_size": "4k"}}})
    with fixed(module("A") + b"x" * 5000) as files:
        assert "4096 bytes, which is wasm.uploads.max_size" in refusal(one, files.url("/a"), 503)


def test_sources_that_cannot_be_are_refused(gateway):
    one = gateway()
    assert "source.url is fetched in clear text" in refusal(one, "http://files.example/a.wasm")
    assert "source.pull" in refusal(one, {"url": "https://files.example/a", "pull": "often"})
    assert "source.url" in refusal(one, "file:///etc/passwd")
    both = {"source": "https://files.example/a", "module": base64.b64encode(module("A")).decode()}
    assert "not both" in one.admin("PUT", "wasm/own", both).json()["error_msg"]


def test_credentials_go_to_the_server_alone_and_are_never_shown(gateway):
    one = gateway()
    with fixed(module("A")) as elsewhere, fixed(b"") as files:
        files.answer = lambda path, headers: (302, {"Location": elsewhere.url("/b")}, b"")
        put(one, {"url": files.url("/a?key=1"), "username": "me", "password": SECRET})
        put(one, {"url": files.url("/a"), "token": SECRET}, name="second")
    basic = "Basic " + base64.b64encode(f"me:{SECRET}".encode()).decode()
    assert [headers["Authorization"] for _, headers in files.seen] == [basic, f"Bearer {SECRET}"]
    assert [headers["Authorization"] for _, headers in elsewhere.seen] == [None, None]
    for path in ("wasm", "wasm/own", "wasm/second", "wasm/own/source", "wasm/own/versions", "wasm/own/versions/1"):
        answer = one.admin("GET", path)
        assert answer.status == 200 and SECRET not in answer.text, path
    assert SECRET not in one.tell() and basic not in one.tell()
    assert one.admin("GET", "wasm/own").json()["value"]["source"]["username"] == "me"


def test_a_redirect_without_an_end_and_one_to_clear_text_are_refused(trusted):
    one, context = trusted
    with WebServer(lambda path, headers: (302, {"Location": "/again"}, b""), context) as files:
        assert "too many redirects" in refusal(one, files.url("/a", "localhost"))
        files.answer = lambda path, headers: (302, {"Location": "http://localhost:1/a"}, b"")
        assert "to clear text" in refusal(one, files.url("/a", "localhost"))


def test_certificates_are_verified(trusted, gateway):
    one, context = trusted
    with WebServer(lambda path, headers: (200, {}, module("A")), context) as files:
        put(one, files.url("/a", "localhost"))
        assert "mismatch" in refusal(one, files.url("/a", "127.0.0.1"), 503), "it is for localhost"
        assert "certificate" in refusal(gateway(), files.url("/a", "localhost"), 503), "which that one does not trust"


def test_the_gateways_own_admin_api_is_no_source(gateway):
    one = gateway()
    for host in ("127.0.0.1", "localhost"):
        assert "Admin API" in refusal(one, f"http://{host}:{one.ports['admin']}/apisix/admin/routes")


def test_a_link_local_address_is_no_source(gateway):
    assert "link-local" in refusal(gateway(), {"url": "http://169.254.169.254/a", "sha256": "0" * 64})


# looking again


def test_what_changes_at_its_source_comes_into_force_under_load(gateway, upstream):
    one = gateway()
    with fixed(module("A")) as files:
        put(one, {"url": files.url("/a"), "pull": "always", "interval": "1s"})
        add_route(one, upstream())
        with AllAsking(one, is_good=lambda response: response.get("x-version") in ("A", "B")):
            files.answer = lambda path, headers: (200, {}, module("B"))
            wait_until(lambda: version_at(one) == "B", one.tell)
        value = one.admin("GET", "wasm/own").json()["value"]
        assert value["version"] == 2 and len(value["versions"]) == 2
        assert "next_try" in value["source_state"]


def test_the_last_good_version_serves_on_until_the_source_recovers(gateway, upstream):
    one = gateway()
    with fixed(module("A")) as files:
        put(one, {"url": files.url("/a"), "pull": "always", "interval": "1s"})
        add_route(one, upstream())
        files.answer = lambda path, headers: (500, {}, b"")
        told = wait_for_state(one, "failed")
        assert "the answer is 500" in told["error"] and told["next_try"] >= told["last_try"]
        assert version_at(one) == "A"
        files.answer = lambda path, headers: (200, {}, module("B", configured=0))
        wait_until(lambda: "routes/1" in source_of(one).get("error", ""), one.tell)
        assert version_at(one) == "A"
        files.answer = lambda path, headers: (200, {}, module("B"))
        wait_for_state(one, "serving")
        assert version_at(one) == "B"
        one.wait_for_line("plugin own: its source: .*the answer is 500; the version that is there serves on")


def test_what_has_not_changed_is_not_sent_again(gateway):
    one = gateway()

    def answer(path, headers):
        return (304, {}, b"") if headers["If-None-Match"] == '"1"' else (200, {"ETag": '"1"'}, module("A"))

    with WebServer(answer) as files:
        put(one, {"url": files.url("/a"), "pull": "always", "interval": "1s"})
        wait_until(lambda: len(files.seen) > 2, one.tell)
        assert [headers["If-None-Match"] for _, headers in files.seen[:3]] == [None, '"1"', '"1"']
        assert source_of(one)["state"] == "serving"


def test_a_version_from_before_stays_until_the_source_is_put_again(gateway, upstream):
    one = gateway()
    with fixed(module("A")) as files:
        source = {"url": files.url("/a"), "pull": "always", "interval": "1s"}
        put(one, source)
        add_route(one, upstream())
        files.answer = lambda path, headers: (200, {}, module("B"))
        wait_until(lambda: version_at(one) == "B", one.tell)
        assert one.admin("PUT", "wasm/own/versions/1").status == 200
        assert source_of(one)["state"] == "paused" and version_at(one) == "A"
        put(one, source)
        assert source_of(one)["state"] == "serving" and version_at(one) == "B"


def test_a_module_that_is_put_itself_ends_the_source(gateway):
    one = gateway()
    with fixed(module("A")) as files:
        put(one, {"url": files.url("/a"), "pull": "always"})
        one.put("wasm/own", {"priority": 4})
        assert source_of(one)["state"] == "serving"
        answer = one.admin("PUT", "wasm/own", module("B"), headers={"Content-Type": "application/wasm"})
        assert "source" not in answer.json()["value"]
        assert one.admin("GET", "wasm/own/source").status == 404


def test_a_restart_needs_no_network(gateway, upstream):
    one = gateway()
    with fixed(module("A")) as files:
        put(one, {"url": files.url("/a"), "pull": "always", "interval": "1s"})
        add_route(one, upstream())
    one.stop()
    one.resources = {}
    one.start()
    assert version_at(one) == "A"
    wait_for_state(one, "failed")
    assert version_at(one) == "A"


def test_a_module_that_was_lost_is_fetched_again(gateway, upstream):
    one, code = gateway(), module("A")
    with fixed(code) as files:
        put(one, files.url("/a"))
        add_route(one, upstream())
        one.stop()
        one.path(f"data/sallyport.db.blobs/{hashlib.sha256(code).hexdigest()}").write_bytes(b"damaged")
        one.start()
        wait_until(lambda: one.ask("GET", "/a").status == 200, one.tell)
        assert version_at(one) == "A"
        assert one.admin("GET", "wasm/own").json()["value"]["version"] == 1


# registries


@pytest.mark.parametrize("media_type", PLAIN_TYPES)
def test_an_artifact_with_the_module_as_a_layer(gateway, upstream, registry, media_type):
    one = gateway()
    registry.push_artifact("team/plugin:1", module("A"), media_type)
    put(one, image(registry, "team/plugin:1"))
    add_route(one, upstream())
    assert version_at(one) == "A"


@pytest.mark.parametrize("oci", [True, False])
def test_an_image_with_the_module_in_its_file_system(gateway, upstream, registry, oci):
    one = gateway()
    registry.push_image("plugin:1", {"README.md": b"read me", "plugin.wasm": module("A")}, oci)
    put(one, image(registry, "plugin:1"))
    add_route(one, upstream())
    assert version_at(one) == "A"


def test_an_index_and_digests(gateway, upstream, registry):
    one = gateway()
    registry.push_image("plugin:a", {"plugin.wasm": module("A")})
    registry.push_image("plugin:b", {"plugin.wasm": module("B")})
    registry.push_index("plugin:all", "plugin:a")
    put(one, image(registry, "plugin:all"))
    add_route(one, upstream())
    assert version_at(one) == "A"
    put(one, image(registry, f"plugin:all@{registry.digest('plugin:b')}"))
    assert version_at(one) == "B"
    put(one, image(registry, f"plugin@{registry.digest('plugin:a')}"))
    assert version_at(one) == "A"


def test_an_image_without_a_plugin_says_so(gateway, registry):
    one = gateway()
    registry.push_image("plugin:1", {"other.wasm": module("A")})
    assert "plugin.wasm" in refusal(one, image(registry, "plugin:1"))
    assert "404" in refusal(one, image(registry, "plugin:2"), 503)


def test_a_registry_without_tls_is_told_from_one_that_is_away(gateway, registry):
    one = gateway()
    why = refusal(one, f"oci://{registry.address}/plugin:1", 503)
    assert "TLS handshake" in why and "plain_http asks a registry in clear text" in why
    assert "http:// asks in clear text" in refusal(one, f"https://{registry.address}/plugin.wasm", 503)


def test_a_tag_that_moves_comes_into_force(gateway, upstream, registry):
    one = gateway()
    registry.push_artifact("plugin:latest", module("A"))
    put(one, {**image(registry, "plugin"), "pull": "always", "interval": "1s"})
    add_route(one, upstream())
    assert version_at(one) == "A"
    registry.push_artifact("plugin:latest", module("B"))
    wait_until(lambda: version_at(one) == "B", one.tell)


def test_parts_that_were_changed_on_the_way_are_refused(gateway, registry):
    one = gateway()
    registry.push_image("plugin:1", {"plugin.wasm": module("A")})

    def changed_blobs(path, headers, ask):
        status, kept, body = ask()
        return (status, kept, archive({"plugin.wasm": module("B")})[:len(body)].ljust(len(body), b"x")
                if "/blobs/" in path else body)

    def changed_manifests(path, headers, ask):
        status, kept, body = ask()
        return status, kept, body.replace(b'"schemaVersion":2', b'"schemaVersion": 2') if "/manifests/" in path else body

    for change, what in ((changed_blobs, "the layer is not the one"), (changed_manifests, "the manifest is not the one")):
        with registry.behind(change) as front:
            assert what in refusal(one, {"url": f"oci://{front.address}/plugin:1", "plain_http": True})


def guarded(registry, tls=None):
    """A registry before which tokens are asked for, and the service that gives them, in one server."""
    login = "Basic " + base64.b64encode(f"me:{SECRET}".encode()).decode()

    def answer(path, headers, ask):
        if path.startswith("/token?"):
            if headers["Authorization"] != login:
                return 401, {}, b""
            assert path == "/token?service=the%20registry&scope=repository%3Aplugin%3Apull", path
            return 200, {}, json.dumps({"token": "a-token"}).encode()
        if headers["Authorization"] != "Bearer a-token":
            realm = front.url("/token", "localhost")
            return 401, {"WWW-Authenticate": f'Bearer realm="{realm}",service="the registry",'
                                             'scope="repository:plugin:pull"'}, b"{}"
        if "/blobs/" in path:
            return 307, {"Location": store.url(path)}, b""
        return ask()

    store = registry.behind()
    front = registry.behind(answer, tls)
    return front, store


def test_a_token_is_fetched_and_blobs_come_from_elsewhere_without_it(gateway, upstream, registry):
    one = gateway()
    registry.push_artifact("plugin:1", module("A"))
    front, store = guarded(registry)
    with front, store:
        source = {"url": f"oci://{front.address}/plugin:1", "plain_http": True, "username": "me", "password": SECRET}
        put(one, source)
        assert "401" in refusal(one, {**source, "password": "another"}, 503, "second")
        assert "401" in refusal(one, {k: v for k, v in source.items() if k not in ("username", "password")}, 503, "third")
    add_route(one, upstream())
    assert version_at(one) == "A"
    assert [headers["Authorization"] for _, headers in store.seen] == [None]
    assert SECRET not in one.tell() and "a-token" not in one.tell()


def test_a_registry_over_tls_with_basic_authentication(trusted, upstream, registry):
    one, context = trusted
    registry.push_artifact("plugin:1", module("A"))
    login = "Basic " + base64.b64encode(f"me:{SECRET}".encode()).decode()

    def answer(path, headers, ask):
        return ask() if headers["Authorization"] == login else (401, {"WWW-Authenticate": 'Basic realm="r"'}, b"")

    with registry.behind(answer, context) as front:
        put(one, {"url": f"oci://localhost:{front.port}/plugin:1", "username": "me", "password": SECRET})
    add_route(one, upstream())
    assert version_at(one) == "A"


def test_a_realm_for_tokens_in_clear_text_is_refused_where_the_registry_speaks_tls(trusted, registry):
    one, context = trusted

    def answer(path, headers, ask):
        return 401, {"WWW-Authenticate": f'Bearer realm="http://localhost:{front.port}/token"'}, b""

    with registry.behind(answer, context) as front:
        source = {"url": f"oci://localhost:{front.port}/plugin:1", "username": "me", "password": SECRET}
        assert "in clear text" in refusal(one, source)
        assert [headers["Authorization"] for _, headers in front.seen] == [None]


# declared in the boot file


def declared(source, **more):
    return {"wasm": {"plugins": [{"name": "own", "source": source, **more}]}}


@pytest.mark.parametrize("store", ["embedded", "yaml"])
def test_a_declared_plugin_does_not_hold_up_the_start_and_serves_when_it_is_there(gateway, upstream, store):
    route = {"id": "1", "uri": "/a", "plugins": {"own": {"conf": "x"}}, "upstream": {"nodes": {upstream().address: 1}}}
    with fixed(b"", 500) as files:
        one = gateway(declared(files.url("/a")), store, {"routes": [route]})
        assert one.ask("GET", "/a").status == 503
        assert "the answer is 500" in wait_for_state(one, "failed")["error"]
        one.wait_for_line("plugin own: its module has not been fetched yet")
        files.answer = lambda path, headers: (200, {}, module("A"))
        wait_until(lambda: one.ask("GET", "/a").status == 200, one.tell)
        assert version_at(one) == "A"
        assert source_of(one)["state"] == "serving"
    one.stop()
    one.resources = {}
    one.start()
    assert version_at(one) == "A", "a restart needs no network"


def test_a_declared_plugin_is_looked_at_again_under_load(gateway, upstream):
    with fixed(module("A")) as files:
        one = gateway(declared({"url": files.url("/a"), "pull": "always", "interval": "1s"}))
        add_route(one, upstream())
        wait_until(lambda: one.ask("GET", "/a").status == 200, one.tell)
        with AllAsking(one, is_good=lambda response: response.get("x-version") in ("A", "B")):
            files.answer = lambda path, headers: (200, {}, module("B"))
            wait_until(lambda: version_at(one) == "B", one.tell)
            one.signal(signal.SIGHUP)
            one.wait_for_line("settings were read again")
            files.answer = lambda path, headers: (500, {}, b"")
            wait_for_state(one, "failed")
        assert version_at(one) == "B"


def test_a_declared_plugin_that_was_damaged_is_fetched_again(gateway, upstream):
    code = module("A")
    with fixed(code) as files:
        one = gateway(declared({"url": files.url("/a"), "sha256": hashlib.sha256(code).hexdigest()}))
        add_route(one, upstream())
        wait_until(lambda: one.ask("GET", "/a").status == 200, one.tell)
        one.stop()
        kept = one.path("data/wasm-sources")
        assert kept.stat().st_mode & 0o077 == 0
        (kept / hashlib.sha256(code).hexdigest()).write_bytes(module("B"))
        one.start()
        wait_until(lambda: one.ask("GET", "/a").status == 200, one.tell)
        assert version_at(one) == "A" and len(files.seen) == 2


def test_check_reads_sources_and_asks_nobody(gateway):
    with fixed(module("A")) as files:
        one = gateway(declared(files.url("/a")), start=False)
        done = one.run_command("check", "-c", "conf/config.yaml")
        assert done.returncode == 0 and "fetched from" in done.stderr, done.stderr
        assert files.seen == []
    wrong = gateway(declared({"url": "ftp://x", "pull": "often"}, file="a.wasm"), start=False)
    done = wrong.run_command("check", "-c", "conf/config.yaml")
    assert done.returncode == 1
    for what in ("source.url is no address", "source.pull is", "stands beside file"):
        assert what in done.stderr


def test_an_inline_plugin_is_no_address(gateway, upstream):
    one = gateway({"wasm": {"enable": True}})
    answer = one.admin("PUT", "routes/1", {"uri": "/a", "plugins": {"wasm": {"conf": {"path": "https://files.example/a"}}},
                                           "upstream": {"nodes": {upstream().address: 1}}})
    assert answer.status == 400 and "is an address" in answer.text
