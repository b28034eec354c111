"""What a WebAssembly plugin is told of TLS on both sides of an exchange."""
import hashlib
import ssl

from cryptography.hazmat.primitives.serialization import Encoding

from harness.certificates import Certificate, authority
from harness.modules import modules

TELLS = {
    "connection/tls_version": "TLSv1.3",
    "connection/subject_local_certificate": "CN=a.example",
    "connection/dns_san_local_certificate": "a.example",
    "connection/subject_peer_certificate": "CN=client",
    "connection/dns_san_peer_certificate": "client",
    "connection/uri_san_peer_certificate": "-",
    "upstream/tls_version": "TLSv1.3",
    "upstream/subject_local_certificate": "CN=gateway",
    "upstream/dns_san_local_certificate": "gateway",
    "upstream/subject_peer_certificate": "CN=node.example",
    "upstream/dns_san_peer_certificate": "node.example",
    "upstream/uri_san_peer_certificate": "-",
}


def sha256(certificate):
    return hashlib.sha256(certificate.certificate.public_bytes(Encoding.DER)).hexdigest()


def test_plugins_know_the_certificates_of_both_sides_to_the_end(gateway, upstream, tmp_path):
    root = authority()
    node, client, own = Certificate("node.example", root), Certificate("client", root), Certificate("gateway", root)
    asks = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    asks.load_cert_chain(*node.write(tmp_path))
    asks.verify_mode = ssl.CERT_REQUIRED
    asks.load_verify_locations(cadata=root.pem)
    expected = {**TELLS, "connection/sha256_peer_certificate_digest": sha256(client),
                "upstream/sha256_peer_certificate_digest": sha256(node)}
    paths = list(expected)
    config = "\n".join(f"log keep p{number} {path}" for number, path in enumerate(paths))
    made = gateway(
        {"nginx_config": {"worker_processes": 1, "http": {
            "access_log_format": "|".join(f"$wasm_p{number}" for number in range(len(paths)))}},
         "wasm": {"enable": True, "allowed_dirs": [str(modules())]}},
        resources={
            "ssls": [{"id": "1", **Certificate("a.example", root).ssl(client={"ca": root.pem})}],
            "routes": [{"id": "r", "uri": "/*",
                        "plugins": {"wasm": {"conf": {"path": str(modules() / "script.wasm"), "config": config}}},
                        "upstream": {"scheme": "https", "nodes": {upstream(tls=asks).address: 1},
                                     "tls": {"client_cert": own.pem, "client_key": own.key_pem}}}]})
    context = ssl.create_default_context(cadata=root.pem)
    context.load_cert_chain(*client.write(tmp_path))
    with made.connect_tls(context, "a.example") as connection:
        for _ in range(2):  # the second on a kept connection to the upstream
            assert connection.request("GET", "/", host="a.example").status == 200
    made.stop()
    lines = made.read("logs/access.log").splitlines()
    assert [dict(zip(paths, line.split("|"))) for line in lines] == [expected, expected]
