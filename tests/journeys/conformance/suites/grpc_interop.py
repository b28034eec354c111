"""The interoperability cases of gRPC: grpc-go's client and grpc-go's server, with the gateway between them."""
import subprocess
import tempfile
from pathlib import Path

from harness.certificates import Certificate, authority
from harness.gateway import Gateway
from harness.patience import seconds, wait_until
from harness.ports import ReservedPort

from .outcome import Outcome
from .programs import go_program

CASES = ["empty_unary", "large_unary", "client_streaming", "server_streaming", "ping_pong", "empty_stream", "timeout_on_sleeping_server",
         "cancel_after_begin", "cancel_after_first_response", "status_code_and_message", "special_status_message", "custom_metadata",
         "unimplemented_method", "unimplemented_service"]
NAME = "interop.example"


class Server:
    def __init__(self, *options):
        reserved = ReservedPort()
        self.port = reserved.number
        reserved.release()
        self.process = subprocess.Popen([go_program("grpc-interop", "server"), "-port", str(self.port), *options],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def stop(self):
        self.process.terminate()
        self.process.wait()


def call(case, port, *options):
    """What is wrong with the case; nothing when it passes."""
    command = [go_program("grpc-interop", "client"), "-test_case", case, "-server_host", "127.0.0.1", "-server_port", str(port), *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds(60), check=False)
    return f"{case}: {done.stderr[-400:].strip()}" if done.returncode != 0 else ""


def through(scheme, reactor, server, folder):
    root = authority()
    upstream = {"scheme": "grpcs" if scheme == "TLS" else "grpc", "nodes": {f"127.0.0.1:{server.port}": 1}}
    resources = {"ssls": [{"id": "1", **Certificate(NAME, root).ssl()}], "routes": [{"id": "1", "uri": "/*", "upstream": upstream}]}
    options = []
    if scheme == "TLS":
        (folder / "root.crt").write_text(root.pem)
        options = ["-use_tls", "-use_test_ca", "-ca_file", str(folder / "root.crt"), "-server_host_override", NAME]
    with Gateway(resources=resources, options=["--reactor", reactor]) as gateway:
        gateway.start()
        port = gateway.ports["tls" if scheme == "TLS" else "proxy"]
        wait_until(lambda: not call("empty_unary", port, *options), "the server to answer")
        problems = list(filter(None, [call(case, port, *options) for case in CASES]))
    return Outcome(f"gRPC interop, {scheme}, {reactor}", len(CASES), len(CASES) - len(problems), problems)


def run(reactor):
    with tempfile.TemporaryDirectory(prefix="sallyport-interop-") as folder:
        certificate, key = Certificate("server.example").write(Path(folder))
        for scheme, options in {"clear": [], "TLS": ["-use_tls", "-tls_cert_file", certificate, "-tls_key_file", key]}.items():
            server = Server(*options)
            try:
                yield through(scheme, reactor, server, Path(folder))
            finally:
                server.stop()
