"""An upstream of HTTP/2 alone: nghttp2's own server, which serves files and sends back what is uploaded."""
import re
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

from .patience import wait_until
from .ports import ReservedPort


class Nghttpd:
    """`certificate`: the files of a certificate and its key; without them it speaks in clear."""

    def __init__(self, certificate=None, options=(), host="127.0.0.1", port=None):
        self.folder = Path(tempfile.mkdtemp(prefix="sallyport-nghttpd-"))
        (self.folder / "hello").write_text("hello")
        self._reserved = None if port else ReservedPort()
        self.host = host
        self.port = port or self._reserved.number
        self.address = f"{host}:{self.port}"
        secured = [certificate[1], certificate[0]] if certificate else []
        how = [f"--address={host}", f"--htdocs={self.folder}", "--echo-upload", "--verbose", *options]
        if not certificate:
            how.append("--no-tls")
        with open(self.folder / "log", "wb") as log:
            self.process = subprocess.Popen(["nghttpd", *how, str(self.port), *secured], stdout=log, stderr=log)
        wait_until(self._listens, lambda: f"nghttpd to listen\n{self.log()}")

    def _listens(self):
        try:
            socket.create_connection((self.host, self.port)).close()
            return True
        except OSError:
            return False

    def log(self):
        return (self.folder / "log").read_text(errors="replace")

    def connections(self):
        """Those on which requests have come, by the numbers that nghttpd gives them."""
        return {found[1] for found in re.finditer(r"\[id=(\d+)\].*recv \(stream_id=\d+\) :method", self.log())}

    def stop(self):
        self.process.terminate()
        self.process.wait()
        if self._reserved:
            self._reserved.release()
        shutil.rmtree(self.folder, ignore_errors=True)
