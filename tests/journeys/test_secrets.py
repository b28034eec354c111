"""`$secret://vault/ID/PATH/MEMBER` in place of texts of resources."""
import re
import ssl as tls
import threading

import pytest

from harness.certificates import Certificate, authority, client_context
from harness.patience import wait_until
from harness.vault import TOKEN, Vault

SOON = {"apisix": {"lru": {"secret": {"ttl": 1, "neg_ttl": 1}}}}
REFERENCE = "$secret://vault/1/jack/auth-key"


@pytest.fixture
def vault():
    made = []

    def make(*arguments, **more):
        made.append(Vault(*arguments, **more))
        return made[-1]

    yield make
    for each in made:
        each.stop()


def route(upstream, reference=REFERENCE, **more):
    return {"id": "r", "uri": "/*", "plugins": {"response-rewrite": {"body": reference}},
            "upstream": {"nodes": {upstream.address: 1}}, **more}


def without_id(item):
    return {name: value for name, value in item.items() if name != "id"}


def value_of(g):
    with g.connect() as client:
        return client.request("GET", "/").text


@pytest.mark.parametrize("store", ["embedded", "yaml"])
def test_confs_of_plugins_have_them(gateway, upstream, vault, store):
    v = vault({"kv/apisix/jack": {"auth-key": "from-the-vault"}})
    g = gateway(store=store, resources={"secrets": [{"id": "vault/1", **v.manager()}], "routes": [route(upstream())]})
    wait_until(lambda: value_of(g) == "from-the-vault", lambda: g.tell())
    assert set(v.paths) == {"/v1/kv/apisix/jack"}
    if store == "embedded":
        assert REFERENCE in g.admin("GET", "routes/r").text
    assert "from-the-vault" not in g.read("logs/error.log") and TOKEN not in g.read("logs/error.log")


def test_a_manager_that_changes_alone_in_a_file_is_asked(gateway, upstream, vault):
    v = vault({"kv/one/jack": {"auth-key": "first"}, "kv/two/jack": {"auth-key": "second"}})
    resources = {"secrets": [{"id": "vault/1", **v.manager(prefix="kv/one")}], "routes": [route(upstream())]}
    g = gateway(store="yaml", resources=resources)
    wait_until(lambda: value_of(g) == "first", lambda: g.tell())
    g.write_resources({**resources, "secrets": [{"id": "vault/1", **v.manager(prefix="kv/two")}]})
    wait_until(lambda: value_of(g) == "second", lambda: g.tell())


def test_a_write_answers_when_its_secrets_are_in_force(gateway, upstream, vault):
    v = vault({"kv/apisix/a/b": {"status": 418, "name": "deep"}})
    g = gateway()
    g.put("secrets/vault/1", v.manager(prefix="/kv//apisix/"))
    plugins = {"fault-injection": {"abort": {"http_status": "$secret://vault/1/a/b/status", "body": "$secret://vault/1/a/b/name"}}}
    g.put("routes/r", {**without_id(route(upstream())), "plugins": plugins})
    with g.connect() as client:
        answer = client.request("GET", "/")
        assert (answer.status, answer.text) == (418, "deep")
    assert v.paths == ["/v1/kv/apisix/a/b"]


def test_a_new_value_comes_into_force_and_the_last_one_stays_while_there_is_none(gateway, upstream, vault):
    v = vault({"kv/apisix/jack": {"auth-key": "one"}})
    g = gateway(settings=SOON)
    g.put("secrets/vault/1", v.manager())
    g.put("routes/r", without_id(route(upstream())))
    assert value_of(g) == "one"
    v.secrets["kv/apisix/jack"] = {"auth-key": "two"}
    wait_until(lambda: value_of(g) == "two", lambda: g.tell())
    v.sealed = True
    line = g.wait_for_line("failed to resolve secret reference")
    assert REFERENCE in line and "the answer is 503; its last value stays" in line
    v.sealed = False
    g.wait_for_line("is resolved again")
    del v.secrets["kv/apisix/jack"]
    g.wait_for_line("the answer is 404")
    assert value_of(g) == "two"
    assert len(re.findall("the answer is 503", g.read("logs/error.log"))) == 1


def test_one_that_cannot_be_resolved_stands_as_it_is_until_it_can(gateway, upstream, vault):
    v = vault()
    g = gateway(settings=SOON)
    g.put("routes/r", without_id(route(upstream())))
    assert value_of(g) == REFERENCE
    g.wait_for_line("there is no secret manager vault/1; put secrets/vault/1")
    g.put("secrets/vault/1", v.manager(token="wrong"))
    g.wait_for_line("the answer is 403; the token of the secret manager may not read it")
    g.admin("PATCH", "secrets/vault/1", {"token": TOKEN})
    g.wait_for_line("the answer is 404; there is no secret of that path")
    v.secrets["kv/apisix/jack"] = {"other": "x"}
    g.wait_for_line('jack has no member "auth-key"')
    v.secrets["kv/apisix/jack"] = {"auth-key": "at last"}
    wait_until(lambda: value_of(g) == "at last", lambda: g.tell())


@pytest.mark.parametrize("store", ["embedded", "yaml"])
def test_certificates_and_keys_have_them(gateway, upstream, vault, store):
    root = authority()
    own, later = Certificate("a.example", root), Certificate("a.example", root)
    v = vault({"kv/apisix/a.example": {"crt": own.pem, "key": own.key_pem}})
    ssl = {"id": "1", "sni": "a.example", "cert": "$secret://vault/1/a.example/crt", "key": "$secret://vault/1/a.example/key"}
    resources = {"secrets": [{"id": "vault/1", **v.manager()}], "routes": [{**route(upstream()), "plugins": {}}], "ssls": [ssl]}
    g = gateway(settings=SOON, store=store, resources=resources if store == "yaml" else {})
    if store == "embedded":
        refused = g.admin("PUT", "ssls/1", without_id(ssl))
        assert refused.status == 400 and "there is no secret manager vault/1" in refused.text
        for kind in ("secrets", "ssls", "routes"):
            g.put(f"{kind}/{resources[kind][0]['id']}", without_id(resources[kind][0]))

    def shown():
        with g.connect_tls(client_context(root), "a.example") as client:
            assert client.request("GET", "/", host="a.example").status == 200
            return client.sock.getpeercert(True)

    first = shown()
    v.secrets["kv/apisix/a.example"] = {"crt": later.pem, "key": later.key_pem}
    wait_until(lambda: shown() != first, lambda: g.tell())
    assert v.paths.count("/v1/kv/apisix/a.example") < 200
    assert "PRIVATE" not in g.read("logs/error.log")


def test_a_certificate_that_is_not_there_at_the_start_is_served_once_it_is(gateway, upstream, vault):
    root = authority()
    own = Certificate("a.example", root)
    v = vault()
    ssl = {"id": "1", "sni": "a.example", "cert": "$secret://vault/1/x/crt", "key": "$secret://vault/1/x/key"}
    g = gateway(settings=SOON, store="yaml", resources={
        "secrets": [{"id": "vault/1", **v.manager()}], "routes": [{**route(upstream()), "plugins": {}}], "ssls": [ssl]})
    g.wait_for_line(r"ssls/1: cert: \$secret://vault/1/x/crt: http://.*: the answer is 404")
    v.secrets["kv/apisix/x"] = {"crt": own.pem, "key": own.key_pem}
    g.wait_for_line("is resolved again")

    def serves():
        try:
            with g.connect_tls(client_context(root), "a.example") as client:
                return client.request("GET", "/", host="a.example").status == 200
        except OSError:
            return False

    wait_until(serves, lambda: g.tell())


def test_requests_are_served_while_a_vault_hangs(gateway, upstream, vault):
    v = vault({"kv/apisix/jack": {"auth-key": "one"}})
    g = gateway(settings=SOON)
    g.put("secrets/vault/1", v.manager())
    g.put("routes/r", without_id(route(upstream())))
    v.held = threading.Event()
    before = len(v.paths)
    wait_until(lambda: len(v.paths) > before, lambda: g.tell())
    for _ in range(50):
        assert value_of(g) == "one"
    v.secrets["kv/apisix/jack"]["auth-key"] = "two"
    v.held.set()
    wait_until(lambda: value_of(g) == "two", lambda: g.tell())


def test_a_start_does_not_fail_without_its_vault(gateway, upstream, vault):
    v = vault()
    manager = v.manager()
    v.stop()
    g = gateway(settings=SOON, store="yaml", resources={"secrets": [{"id": "vault/1", **manager}], "routes": [route(upstream())]})
    assert value_of(g) == REFERENCE
    g.wait_for_line("failed to resolve secret reference")
    assert len([line for line in g.read("logs/error.log").splitlines() if "failed to resolve secret reference" in line]) == 1


def test_vaults_over_tls_with_a_namespace_and_a_token_of_the_environment(gateway, upstream, vault, monkeypatch, tmp_path):
    monkeypatch.setenv("JOURNEY_VAULT_TOKEN", TOKEN)
    root = authority()
    trusted = root.write(tmp_path)[0]
    context = tls.SSLContext(tls.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*Certificate("localhost", root).write(tmp_path))
    v = vault({"kv/apisix/jack": {"auth-key": "in private"}}, namespace="team", tls=context)
    g = gateway(settings={"apisix": {"ssl": {"ssl_trusted_certificate": str(trusted)}}})
    uri = v.server.url("", host="localhost")
    g.put("secrets/vault/1", v.manager(uri=uri, token="$env://JOURNEY_VAULT_TOKEN", namespace="team"))
    g.put("routes/r", without_id(route(upstream())))
    assert value_of(g) == "in private"
    assert "$env://JOURNEY_VAULT_TOKEN" in g.admin("GET", "secrets/vault/1").text


def test_the_admin_api_keeps_managers(gateway, vault):
    v = vault()
    g = gateway()
    made = g.admin("PUT", "secrets/vault/1", v.manager())
    assert made.status == 201 and made.json()["key"] == "/apisix/secrets/vault/1" and made.json()["value"]["id"] == "vault/1"
    for shown in (made, g.admin("GET", "secrets/vault/1"), g.admin("GET", "secrets"), g.admin("GET", "secrets/vault")):
        assert shown.status in (200, 201) and v.server.address in shown.text and TOKEN not in shown.text
    patched = g.admin("PATCH", "secrets/vault/1", {"prefix": "kv/other"})
    assert patched.status == 200 and patched.json()["value"]["prefix"] == "kv/other"
    assert g.admin("POST", "secrets/vault", v.manager()).status == 405
    assert g.admin("DELETE", "secrets/vault/1").status == 200
    assert g.admin("GET", "secrets/vault/1").status == 404


@pytest.mark.parametrize("path, body, why", [
    ("secrets/aws/1", {"access_key_id": "a", "secret_access_key": "b"}, "invalid secret manager: aws; the one that is supported is vault"),
    ("secrets/gcp/1", {"auth_file": "f"}, "invalid secret manager: gcp; the one that is supported is vault"),
    ("secrets/vault/1", {"uri": "http://a", "prefix": "kv"}, 'property \\"token\\" is required'),
    ("secrets/vault/1", {"uri": "ftp://a", "prefix": "kv", "token": "t"}, "a vault is reached over http:// or https://"),
    ("secrets/vault/1", {"uri": "http://a", "prefix": "kv", "token": "a\r\nb"}, "token has a control character in it"),
    ("secrets/vault", {"uri": "http://a", "prefix": "kv", "token": "t"}, "missing secret id"),
])
def test_the_admin_api_refuses(gateway, path, body, why):
    refused = gateway().admin("PUT", path, body)
    assert refused.status == 400 and why in refused.text


def test_other_managers_are_named(gateway, upstream):
    g = gateway()
    g.put("routes/r", without_id(route(upstream(), "$secret://aws/1/jack/key")))
    g.wait_for_line("aws is no secret manager that is supported; vault is")
    assert value_of(g) == "$secret://aws/1/jack/key"


def test_a_check_of_the_settings_asks_nobody(gateway, upstream, vault):
    v = vault()
    g = gateway(store="yaml", resources={"routes": []})
    g.write_resources({"secrets": [{"id": "vault/1", **v.manager()}], "routes": [route(upstream())]})
    checked = g.run_command("check", "-c", "conf/config.yaml")
    assert checked.returncode == 0 and "routes/r refers to secrets" in checked.stderr
