"""The machine a run takes place on: which core belongs to whom, who may have it, and what a reader must know of it."""
import os
import pathlib
import platform

HIGHEST = -20  # nice value, and that of an autogroup


class TooFewCores(Exception):
    """A measurement needs a core for the proxy and another one for the generator."""


class Placement:
    """Two cores, and whether servers and generator may keep others off them.

    With CONFIG_SCHED_AUTOGROUP a nice value counts only among the processes of one session, so every process gets a
    session of its own, and the session's value is what matters. Both need the right to raise priorities (root).
    """

    def __init__(self, raise_priority=True):
        cores = sorted(os.sched_getaffinity(0))
        if len(cores) < 2:
            raise TooFewCores("one core is not enough: the proxy needs one for itself, and so does the generator, "
                              "else each would measure the other; run on a machine with two or more")
        self.proxy_core = cores[0]
        beside = [core for core in cores[1:] if core not in siblings_of(self.proxy_core)]
        self.load_core = (beside or cores[1:])[0]
        self.shares_a_core = not beside
        self.wanted = raise_priority
        self.raised = raise_priority and os.geteuid() == 0

    def describe(self):
        if self.raised:
            priority = f"nice {HIGHEST}"
            if autogroup_is_on():
                priority += f" and autogroup {HIGHEST}"
        elif self.wanted:
            priority = "as usual, for raising it needs root"
        else:
            priority = "as usual, as asked for"
        about = {"proxy_core": self.proxy_core, "generator_and_upstream_core": self.load_core, "priority": priority}
        if self.shares_a_core:
            about["warning"] = "both are hardware threads of one core, and take time from each other"
        return about

    def enter(self, core):
        """In the new process, before it becomes the program: threads it starts inherit both."""
        os.sched_setaffinity(0, {core})
        if self.raised:
            os.setpriority(os.PRIO_PROCESS, 0, HIGHEST)

    def raise_session_of(self, pid):
        if self.raised and autogroup_is_on():
            pathlib.Path(f"/proc/{pid}/autogroup").write_text(str(HIGHEST), encoding="ascii")


class Anywhere:
    """Where nothing is timed: any core, and the usual priority."""

    proxy_core = load_core = None

    def enter(self, core):
        pass

    def raise_session_of(self, pid):
        pass


def siblings_of(core):
    """The hardware threads of the same core, itself included."""
    text = read(f"/sys/devices/system/cpu/cpu{core}/topology/thread_siblings_list")
    found = set()
    for part in filter(None, text.split(",")):
        first, _, last = part.partition("-")
        found.update(range(int(first), int(last or first) + 1))
    return found


def autogroup_is_on():
    return read("/proc/sys/kernel/sched_autogroup_enabled") == "1"


def describe():
    """As it is now; ask before the run, which is load enough itself."""
    load = os.getloadavg()[0]
    about = {"cpu": cpu_model(), "cores": os.cpu_count(), "governor": governor(), "kernel": platform.release(),
             "congestion_control": read("/proc/sys/net/ipv4/tcp_congestion_control"),
             "load_average": round(load, 2), "python": platform.python_version()}
    if load > 0.5:
        about["warning"] = "the machine was not idle before the run; expect larger spreads, and trust ratios only"
    return about


def cpu_model():
    for line in pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def governor():
    return read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor") or "not known to this machine"


def read(path):
    try:
        return pathlib.Path(path).read_text(encoding="utf-8").strip()
    except OSError:
        return ""


def stolen_seconds(core):
    """Time in which the host ran something else on this virtual core, since the machine started."""
    for line in pathlib.Path("/proc/stat").read_text(encoding="ascii").splitlines():
        if line.startswith(f"cpu{core} "):
            return int(line.split()[8]) / os.sysconf("SC_CLK_TCK")
    return 0.0
