"""OCSP stapling, with OpenSSL's responder and OpenSSL's client."""
import re
import socket
import subprocess
import threading

import pytest

from harness.certificates import Certificate, authority
from harness.client import ask_json
from harness.patience import seconds, wait_until

NAME = "a.example"
VERSIONS = ["-tls1_2", "-tls1_3"]
FAR = "401231235959Z"


class Responder:
    """`openssl ocsp`, which answers for one certificate."""

    def __init__(self, folder, root, own, port=0, revoked=False, signer=None, options=("-ndays", "1")):
        folder.mkdir(exist_ok=True)
        ca = root.write(folder)[0]
        signed_by = (signer or root).write(folder)
        serial = f"{own.certificate.serial_number:X}"
        serial = serial.zfill(len(serial) + len(serial) % 2)
        state = f"R\t{FAR}\t260101000000Z" if revoked else f"V\t{FAR}\t"
        (folder / "index.txt").write_text(f"{state}\t{serial}\tunknown\t/CN={own.name}\n")
        self.process = subprocess.Popen(
            ["openssl", "ocsp", "-index", str(folder / "index.txt"), "-port", str(port), "-CA", ca, "-rsigner", signed_by[0],
             "-rkey", signed_by[1], *options], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for line in self.process.stdout:
            if found := re.match(r"ACCEPT .*:(\d+) PID", line):
                self.port = int(found.group(1))
                break
        threading.Thread(target=self.process.stdout.read, daemon=True).start()

    def stop(self):
        self.process.kill()
        self.process.wait()


@pytest.fixture
def responder(tmp_path):
    made = []

    def make(*arguments, **more):
        made.append(Responder(tmp_path / "ocsp", *arguments, **more))
        return made[-1]

    yield make
    for one in made:
        one.stop()


@pytest.fixture
def free_port():
    """A port where nobody listens, until a responder does."""
    with socket.create_server(("", 0)) as sock:
        number = sock.getsockname()[1]
    return number


@pytest.fixture
def root():
    return authority()


def ssls(own, root, **stapling):
    return {"ssls": [{"id": "1", **own.ssl(), "cert": own.pem + root.pem, "ocsp_stapling": {"enabled": True, **stapling}}]}


def shown(gateway, *options):
    """What a client that asks is shown: good, or no."""
    told = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{gateway.ports['tls']}", "-servername", NAME,
                           "-status", *options], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=seconds(30)).stdout
    assert "CN = a.example" in told, told
    if "OCSP response: no response sent" in told:
        return "no"
    assert "OCSP Response Status: successful" in told, told
    return re.search(r"Cert Status: (\w+)", told).group(1)


def is_stapled(gateway):
    wait_until(lambda: shown(gateway) == "good", lambda: f"a staple\n{gateway.tell()}")


@pytest.mark.parametrize("store", ["embedded", "yaml"])
def test_clients_that_ask_get_what_the_responder_says(gateway, responder, root, free_port, store):
    own = Certificate(NAME, root, responder=f"http://127.0.0.1:{free_port}/")
    responder(root, own, free_port)
    g = gateway(store=store, resources=ssls(own, root))
    g.wait_for_line("OCSP: the certificate CN=a.example is stapled$")
    assert [shown(g, version) for version in VERSIONS] == ["good", "good"]


def test_the_responder_may_be_another_than_the_certificate_names(gateway, responder, root):
    own = Certificate(NAME, root, responder="http://127.0.0.1:1/")
    one = responder(root, own)
    g = gateway(resources=ssls(own, root, responder_url=f"http://127.0.0.1:{one.port}"))
    is_stapled(g)


def test_a_revoked_certificate_is_shown_without_a_staple(gateway, responder, root):
    own = Certificate(NAME, root)
    one = responder(root, own, revoked=True)
    g = gateway(resources=ssls(own, root, responder_url=f"http://127.0.0.1:{one.port}"))
    g.wait_for_line("CN=a.example is shown without a staple: .*: the certificate is revoked")
    assert [shown(g, version) for version in VERSIONS] == ["no", "no"]


def test_an_answer_that_the_issuer_has_not_signed_is_not_shown_unless_one_wishes(gateway, responder, root):
    own, stranger = Certificate(NAME, root), authority("stranger")
    one = responder(root, own, signer=stranger)
    g = gateway(resources=ssls(own, root, responder_url=f"http://127.0.0.1:{one.port}"))
    g.wait_for_line("CN=a.example is shown without a staple: .*: it is not signed by the certificate's issuer")
    assert shown(g) == "no"
    g.put_all(ssls(own, root, responder_url=f"http://127.0.0.1:{one.port}", skip_verify=True))
    is_stapled(g)


def test_handshakes_wait_for_no_responder_and_it_is_asked_until_it_answers(gateway, responder, root, free_port):
    own = Certificate(NAME, root, responder=f"http://127.0.0.1:{free_port}/")
    g = gateway(resources=ssls(own, root))
    assert shown(g) == "no"
    g.wait_for_line("CN=a.example is shown without a staple")
    one = responder(root, own, free_port)
    is_stapled(g)
    one.stop()
    changed = ssls(own, root)
    changed["ssls"][0]["snis"] = [NAME, "b.example"]
    g.put_all(changed)
    wait_until(lambda: g.admin("GET", "ssls/1").json()["value"]["snis"] == [NAME, "b.example"], "the change")
    assert shown(g) == "good"  # the same certificate: what was said of it still holds


def test_its_state_is_shown(gateway, responder, root, free_port):
    own = Certificate(NAME, root, responder=f"http://127.0.0.1:{free_port}/")
    g = gateway(resources=ssls(own, root))

    def state():
        [only] = ask_json(g.ports["control"], "GET", "/v1/ocsp").json()
        return only

    wait_until(lambda: state()["failures"], lambda: g.tell())
    failed = state()
    assert not failed["stapled"] and "cannot connect" in failed["error"] and failed["certificate"] == "CN=a.example"
    assert g.metric("sallyport_ocsp_failures", certificate="CN=a.example") >= 1
    assert g.metric("sallyport_ocsp_staple_left_seconds", certificate="CN=a.example") == 0
    assert "sallyport_ocsp_staple_age_seconds{" not in g.metrics()
    responder(root, own, free_port)
    is_stapled(g)
    good = state()
    assert good["stapled"] and good["failures"] == 0 and "error" not in good and good["taken"] < good["until"]
    assert g.metric("sallyport_ocsp_staple_left_seconds", certificate="CN=a.example") > 3600
    assert g.metric("sallyport_ocsp_staple_age_seconds", certificate="CN=a.example") < 3600
    assert g.metric("sallyport_ocsp_failures") == 0


def test_what_cannot_be_stapled_is_told(gateway, root):
    strict, silent = Certificate(NAME, root, must_staple=True), Certificate("b.example", root)
    g = gateway(resources={"ssls": [
        {"id": "1", **strict.ssl()},
        {"id": "2", **silent.ssl(), "ocsp_stapling": {"enabled": True}},
    ]})
    g.wait_for_line("CN=a.example tells clients to insist on a staple; set ocsp_stapling.enabled")
    g.wait_for_line("CN=b.example is not stapled: it names no OCSP responder; give one as ocsp_stapling.responder_url")
    assert shown(g) == "no"


@pytest.mark.parametrize("stapling", [{"enabled": 1}, {"cache_ttl": 59}, {"responder_url": "ftp://a"}, {"responder_url": "http://"},
                                      {"unknown": True}])
def test_its_members_are_checked(gateway, root, stapling):
    g = gateway()
    answer = g.admin("PUT", "ssls/1", {**Certificate(NAME, root).ssl(), "ocsp_stapling": stapling})
    assert answer.status == 400 and "ocsp_stapling" in answer.text
