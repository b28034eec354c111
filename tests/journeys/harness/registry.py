"""A real registry for one journey (that of go-containerregistry), and real clients that push to it (crane, oras)."""
import http.client
import io
import re
import subprocess
import tarfile
import tempfile
from pathlib import Path

from .go_tools import built
from .patience import wait_until
from .web_server import WebServer

SOURCES = Path(__file__).resolve().parents[1] / "registry"
TOOLS = ["github.com/google/go-containerregistry/cmd/crane", "oras.land/oras/cmd/oras"]


def tool(name):
    """The path of a tool, which is built when its versions are new here."""
    return str(built(SOURCES, "registry", TOOLS) / name)


def archive(members):
    """A tar archive with gzip of {name: bytes}."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return packed.getvalue()


class Registry:
    """On 127.0.0.1, in clear, for anybody. What is pushed lies in memory."""

    def __init__(self):
        self._folder = tempfile.TemporaryDirectory(prefix="sallyport-registry-")
        self.log = Path(self._folder.name) / "log"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen([tool("crane"), "registry", "serve", "--address", "127.0.0.1:0"],
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        said = wait_until(lambda: re.search(r"serving on (?:port )?\S*?(\d+)\n", self.log.read_text()),
                          lambda: f"the registry\n{self.log.read_text()}")
        self.address = f"127.0.0.1:{said.group(1)}"

    def _run(self, *command):
        done = subprocess.run(command, cwd=self._folder.name, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        return done.stdout

    def _file(self, name, content):
        (Path(self._folder.name) / name).write_bytes(content)
        return name

    def push_image(self, name, members, oci=True):
        """An image with one layer, as `docker build` makes it FROM scratch."""
        layer = self._file("layer.tar.gz", archive(members))
        self._run(tool("crane"), "append", "--insecure", *(["--oci-empty-base"] if oci else []), "-f", layer,
                  "-t", f"{self.address}/{name}")

    def push_artifact(self, name, code, media_type="application/vnd.module.wasm.content.layer.v1+wasm"):
        self._file("plugin.wasm", code)
        self._run(tool("oras"), "push", "--plain-http", "--artifact-type", "application/vnd.module.wasm.config.v1+json",
                  f"{self.address}/{name}", f"plugin.wasm:{media_type}")

    def push_index(self, name, *images):
        """An index of images that have been pushed."""
        flags = [flag for image in images for flag in ("-m", f"{self.address}/{image}")]
        self._run(tool("crane"), "index", "append", "--insecure", *flags, "-t", f"{self.address}/{name}")

    def digest(self, name):
        return self._run(tool("crane"), "digest", "--insecure", f"{self.address}/{name}").strip()

    def get(self, path, headers):
        connection = http.client.HTTPConnection(self.address)
        try:
            connection.request("GET", path, headers={"Accept": headers.get("Accept", "*/*")})
            answer = connection.getresponse()
            body = answer.read()
            kept = {name: value for name, value in answer.getheaders()
                    if name.lower() in ("content-type", "docker-content-digest", "location")}
            return answer.status, kept, body
        finally:
            connection.close()

    def behind(self, answer=None, tls=None):
        """A server before it: `answer(path, headers, ask)`, where ask() is what the registry itself answers."""
        def whole(path, headers):
            def ask():
                return self.get(path, headers)

            return answer(path, headers, ask) if answer else ask()

        return WebServer(whole, tls)

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self._folder.cleanup()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
