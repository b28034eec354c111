"""Installs what the suites need, outside of the repository, in the versions that are named here and in go.mod."""
import shutil
import subprocess
import tempfile
from pathlib import Path

from harness.go_tools import CACHE, built

HERE = Path(__file__).resolve().parent
GO_PACKAGES = {"h2spec": ["github.com/summerwind/h2spec/cmd/h2spec"],
               "grpc-interop": ["google.golang.org/grpc/interop/client", "google.golang.org/grpc/interop/server"]}
AUTOBAHN = "autobahntestsuite==0.8.2"


class Missing(Exception):
    """What a suite needs and cannot have here; the text says how to get it."""


def go_program(suite, name):
    if not shutil.which("go"):
        raise Missing(f"{suite} is built with Go, and there is no go in PATH")
    return str(built(HERE, suite, GO_PACKAGES[suite]) / name)


def works(python):
    return subprocess.run([python, "-c", "import sys; sys.exit(sys.version_info[:2] != (2, 7))"], capture_output=True, check=False).returncode == 0


def python2():
    """Autobahn's suite was never carried over to Python 3."""
    candidates = [shutil.which("python2.7"), *sorted(map(str, Path.home().glob(".pyenv/versions/2.7*/bin/python")))]
    for candidate in filter(None, candidates):
        if works(candidate):
            return candidate
    raise Missing("Autobahn's suite needs Python 2.7, which Debian no longer has; `pyenv install 2.7.18` makes it, or put a python2.7 into PATH")


def autobahn():
    """The command that runs Autobahn's wstest."""
    python = python2()
    folder = CACHE / AUTOBAHN.replace("==", "-")
    if not folder.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as made:
            command = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target", made, "-r", str(HERE / "autobahn.txt")]
            subprocess.run(command, check=True)
            shutil.copytree(made, folder)
    start = "import site, sys; site.addsitedir(sys.argv.pop(1)); from autobahntestsuite.wstest import run; run()"
    return [python, "-W", "ignore", "-c", start, str(folder)]
