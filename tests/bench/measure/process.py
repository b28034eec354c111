"""Child processes: pinned, watched, and ended by their id. Nothing else on the machine is touched."""
import os
import pathlib
import random
import socket
import subprocess
import time


class Failed(Exception):
    """A server or the generator did not do what it was started for; the message has the end of its log."""


class Process:
    """One program on one core, in a session of its own; what it prints goes to `log`."""

    def __init__(self, argv, placement, core, log, cwd=None):
        self.name = pathlib.Path(argv[0]).name
        self.log = pathlib.Path(log)
        with open(self.log, "ab") as output:
            # This program has one thread, so running Python between fork and exec is safe.
            self.child = subprocess.Popen([str(word) for word in argv], stdin=subprocess.DEVNULL, stdout=output,
                                          stderr=output, cwd=cwd, start_new_session=True,
                                          preexec_fn=lambda: placement.enter(core))
        placement.raise_session_of(self.child.pid)

    def pids(self):
        """Its own id, and those of its descendants."""
        return with_descendants(self.child.pid)

    def ensure_alive(self):
        if self.child.poll() is not None:
            raise Failed(f"{self.name} ended with {self.child.returncode}; its last lines:\n{self.last_lines()}")

    def last_lines(self):
        return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-15:])

    def stop(self, seconds=10):
        """Ends it; its exit code, negative when a signal ended it."""
        if self.child.poll() is None:
            self.child.terminate()
            try:
                self.child.wait(seconds)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()
        return self.child.returncode


def with_descendants(pid):
    found = [pid]
    for task in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text(encoding="ascii").split():
            found += with_descendants(int(child))
    return found


def resident_bytes(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    return 0


def cpu_seconds(pid):
    """That all of its threads used so far."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def free_ports(count):
    """Ports on loopback that nobody listens on now; all different. They lie below those which the system gives to whoever
    asks for any, so that nobody gets one before the server that it is meant for."""
    first_given = int(pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text(encoding="ascii").split()[0])
    candidates = range(first_given // 2, first_given)
    ports = []
    while len(ports) < count:
        port = random.choice(candidates)
        if port not in ports and is_free(port):
            ports.append(port)
    return ports


def is_free(port):
    try:
        socket.create_server(("127.0.0.1", port)).close()
        return True
    except OSError:
        return False


def accepts(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        return True
    except OSError:
        return False


def wait_until(true, process, what, seconds=60):
    """Asks `true` again and again, until it is or the process has ended."""
    deadline = time.monotonic() + seconds
    while not true():
        process.ensure_alive()
        if time.monotonic() > deadline:
            raise Failed(f"{process.name} was not {what} within {seconds} s; its last lines:\n{process.last_lines()}")
        time.sleep(0.02)
