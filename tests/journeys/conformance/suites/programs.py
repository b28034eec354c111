"""Installs what the suites need, outside of the repository, in the versions that are named here and in go.mod."""
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from harness.go_tools import CACHE, built

HERE = Path(__file__).resolve().parent
GO_PACKAGES = {"h2spec": ["github.com/summerwind/h2spec/cmd/h2spec"],
               "grpc-interop": ["google.golang.org/grpc/interop/client", "google.golang.org/grpc/interop/server"]}
AUTOBAHN = "autobahntestsuite==0.8.2"
PYTHON2 = "2.7.18"


class Missing(Exception):
    """What a suite needs and cannot have here; the text says how to get it."""


def go_program(suite, name):
    if not shutil.which("go"):
        raise Missing(f"{suite} is built with Go, and there is no go in PATH")
    return str(built(HERE, suite, GO_PACKAGES[suite]) / name)


def works(python):
    return subprocess.run([python, "-c", "import sys; sys.exit(sys.version_info[:2] != (2, 7))"], capture_output=True, check=False).returncode == 0


def find_python2():
    versions = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    candidates = [shutil.which("python2.7"), *sorted(map(str, versions.glob("2.7*/bin/python")))]
    return next((candidate for candidate in candidates if candidate and works(candidate)), None)


def python2():
    """Autobahn's suite was never carried over to Python 3, and Debian has no Python 2 any more."""
    found = find_python2()
    if not found and shutil.which("pyenv"):
        subprocess.run(["pyenv", "install", "--skip-existing", PYTHON2], check=False)
        found = find_python2()
    if not found:
        raise Missing(f"Autobahn's suite needs Python 2.7, which Debian no longer has; put a python2.7, or a pyenv that can make {PYTHON2}, into PATH")
    return found


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
