"""Journeys that need the usual ports, which may be taken on this machine, run in a network of their own, and may have /opt to
themselves."""
import fcntl
import functools
import inspect
import os
import re
import socket
import struct
import subprocess
import sys
import tempfile

import pytest

INSIDE = "SALLYPORT_OWN_NETWORK"
SET_FLAGS, UP, LOOPBACK = 0x8914, 0x1, 0x8  # netdevice(7)
APART = ["unshare", "--map-root-user", "--net", "--mount"]


def switch_loopback_on():
    with socket.socket() as sock:
        fcntl.ioctl(sock, SET_FLAGS, struct.pack("16sH22x", b"lo", UP | LOOPBACK))


def use_own_opt():
    """Within a journey in its own network: what is put into /opt from here on, nobody else sees; what was there is there,
    but for /opt/apisix."""
    was = tempfile.mkdtemp(prefix="sallyport-opt-")
    subprocess.run(["mount", "--rbind", "/opt", was], check=True)
    subprocess.run(["mount", "-t", "tmpfs", "none", "/opt"], check=True)
    os.mkdir("/opt/.was")
    subprocess.run(["mount", "--move", was, "/opt/.was"], check=True)
    os.rmdir(was)
    for name in set(os.listdir("/opt/.was")) - {"apisix"}:
        os.symlink(f".was/{name}", f"/opt/{name}")


def in_own_network(test):
    """Runs the test, by itself, in a pytest with a network in which there is only loopback."""

    @functools.wraps(test)
    def run(*args, **fixtures):
        if os.environ.get(INSIDE):
            switch_loopback_on()
            return test(*args, **fixtures)
        if subprocess.run([*APART, "true"], capture_output=True, check=False).returncode != 0:
            pytest.skip("this machine gives no network of its own")
        ended = subprocess.run([*APART, sys.executable, "-m", "pytest", f"{inspect.getfile(test)}::{test.__name__}", "-q",
                                "-rs", "--no-header", "-p", "no:cacheprovider"], env={**os.environ, INSIDE: "1"},
                               capture_output=True, text=True, check=False)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        if skipped := re.search(r"(?m)^SKIPPED.*", ended.stdout):
            pytest.skip(skipped.group(0))
        return None

    return run
