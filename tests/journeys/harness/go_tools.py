"""Programs in Go that journeys use, built from the versions that a folder's go.mod and go.sum name, once."""
import fcntl
import hashlib
import os
import subprocess
import tempfile
from pathlib import Path

CACHE = Path(os.environ.get("SALLYPORT_CACHE", Path.home() / ".cache/sallyport"))


def built(sources, name, packages):
    """The folder with the programs of `packages`, which are built when their versions are new here."""
    versions = hashlib.sha256((sources / "go.sum").read_bytes()).hexdigest()[:16]
    folder = CACHE / f"{name}-{versions}"
    if folder.exists():
        return folder
    CACHE.mkdir(parents=True, exist_ok=True)
    with open(CACHE / f"{name}.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            with tempfile.TemporaryDirectory(dir=CACHE) as made:
                subprocess.run(["go", "build", "-buildvcs=false", "-o", f"{made}/", *packages], cwd=sources, check=True)
                Path(made).rename(folder)
                Path(made).mkdir()
    return folder
