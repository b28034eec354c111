"""The gateway under test: the real binary in a folder of its own."""
import os
import re
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import yaml

from .client import Client, ask, ask_json
from .follower import Follower, adopt_orphans
from .patience import seconds, wait_until
from .ports import ReservedPort
from .settings import ADMIN_KEY, apisix_yaml, default_settings, merge

ROOT = Path(__file__).resolve().parents[3]
INSTRUMENTED = b"__asan_init"  # stands in programs that the address sanitizer watches
SANITIZER = re.compile(r"ERROR: \w+Sanitizer|WARNING: ThreadSanitizer|runtime error:|SUMMARY: \w+Sanitizer")
# In an order in which nothing refers to what is not there yet.
KINDS = ["ssls", "upstreams", "services", "plugin_configs", "global_rules", "routes"]


def binary():
    path = Path(os.environ.get("SALLYPORT_BINARY") or ROOT / "build/release/sallyport")
    if not path.is_file():
        raise FileNotFoundError(f"{path} is not built; run tools/build, or name another one in SALLYPORT_BINARY")
    return str(path)


LOOPS_SEEN = set()  # what gateways have said about the loop that serves


def reactor_options():
    """The loop that SALLYPORT_REACTOR names; one that does not work here fails every journey."""
    kind = os.environ.get("SALLYPORT_REACTOR")
    return ["--reactor", kind] if kind else []


class Gateway:
    """Made with `settings` on top of the harness's own. Use it with `with`, or start and stop it."""

    def __init__(self, settings=None, store="embedded", resources=None, options=()):
        self.prefix = Path(tempfile.mkdtemp(prefix="sallyport-journey-"))
        self.store = store
        self.arguments = ["run", "-c", "conf/config.yaml", *reactor_options(), *options]
        self.folder = self.prefix  # where it is started
        self._reserved = {name: ReservedPort() for name in ("proxy", "tls", "admin", "control", "status", "prometheus")}
        self.ports = {name: port.number for name, port in self._reserved.items()}
        self.settings = merge(default_settings(self.ports, store), settings or {})
        self.resources = resources or {}
        self.process = None
        self.preexec = None  # called in the new process before the gateway begins
        self._end_is_known = False  # the journey has seen it end, or ended it
        (self.prefix / "conf").mkdir()
        self.write_settings()
        if store == "yaml":
            self.write_resources(self.resources)

    # files

    def path(self, name):
        return self.prefix / name

    def write_settings(self, text=None):
        self.path("conf/config.yaml").write_text(text or yaml.safe_dump(self.settings, sort_keys=False))

    def write_resources(self, resources, text=None):
        """Replaces apisix.yaml in one step, as a careful operator does."""
        new = self.path("conf/apisix.yaml.new")
        new.write_text(text or apisix_yaml(resources))
        new.rename(self.path("conf/apisix.yaml"))

    def read(self, name):
        path = self.path(name)
        return path.read_text(errors="replace") if path.exists() else ""

    def wait_for_line(self, pattern, log="logs/error.log"):
        """The first line in which the regular expression is found. Logs are written by a thread of their own, so that a
        line may come after what it tells of."""
        def find():
            return next((line for line in self.read(log).splitlines() if re.search(pattern, line)), None)

        return wait_until(find, lambda: f"{pattern!r} in {log}\n{self.tell()}")

    # process

    def command(self, *arguments):
        return [binary(), *arguments]

    def spawn(self):
        self._end_is_known = False
        with open(self.path("stdout"), "ab") as out, open(self.path("stderr"), "ab") as err:
            self.process = subprocess.Popen(
                self.command(*self.arguments), cwd=self.folder, stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                env={**os.environ, "TZ": "UTC"}, preexec_fn=self.preexec)

    def start(self):
        self.spawn()
        wait_until(self.is_ready, lambda: f"the gateway to be ready\n{self.tell()}", usual=60)
        if self.store == "embedded":
            self.put_all(self.resources)
        return self

    def is_ready(self):
        if self.process.poll() is not None:
            self._end_is_known = True
            raise AssertionError(f"the gateway ended with {self.process.returncode} before it was ready\n{self.tell()}")
        try:
            return ask(self.ports["status"], "GET", "/status/ready").status == 200
        except OSError:
            return False

    def signal(self, number):
        self.process.send_signal(number)

    def serving_pid(self):
        return int(self.read("logs/nginx.pid") or 0)

    def upgrade(self):
        """USR2, and `followed`."""
        self.signal(signal.SIGUSR2)
        return self.followed()

    def followed(self):
        """Waits until another process serves, which is the gateway's from then on. Returns the former one."""
        adopt_orphans()
        former = self.process
        wait_until(lambda: self.serving_pid() not in (0, former.pid), lambda: f"another process to serve\n{self.tell()}")
        self.process = Follower(self.serving_pid())
        return former

    def stop(self):
        """Drains the gateway and says whether it ended well."""
        if self.process and not self._end_is_known:
            assert self.process.poll() is None, f"the gateway ended by itself: {self.process.returncode}\n{self.tell()}"
            self.process.send_signal(signal.SIGTERM)
            code = self.wait_for_end()
            assert code == 0, f"the gateway ended with {code}\n{self.tell()}"
        self.check_sanitizers()
        LOOPS_SEEN.update(re.findall(r"connections are served with (.*)", self.read("logs/error.log")))

    def wait_for_end(self, usual=60):
        self._end_is_known = True
        try:
            return self.process.wait(seconds(usual))
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"the gateway did not end within {seconds(usual)} s\n{self.tell()}") from None

    def kill(self):
        """As `kill -9`."""
        self._end_is_known = True
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def check_sanitizers(self):
        found = SANITIZER.search(self.read("stderr"))
        assert not found, f"a sanitizer spoke up: {found.group(0)}\n{self.read('stderr')[-20000:]}"

    def remove(self):
        self.kill()
        for port in self._reserved.values():
            port.release()
        shutil.rmtree(self.prefix, ignore_errors=True)

    def run_command(self, *arguments, timeout=60):
        """`sallyport ARGUMENTS` in the prefix, to its end."""
        return subprocess.run(self.command(*arguments), cwd=self.prefix, capture_output=True, text=True,
                              timeout=seconds(timeout), stdin=subprocess.DEVNULL, check=False)

    def tell(self):
        """The ends of what the gateway wrote, for a message about a failure."""
        parts = []
        for name in ("stderr", "stdout", "logs/error.log", "logs/access.log"):
            if text := self.read(name):
                parts.append(f"--- {name}\n{text[-4000:]}")
        return "\n".join(parts)

    def __enter__(self):
        return self

    def __exit__(self, *failure):
        try:
            if failure[0] is None:
                self.stop()
        finally:
            self.remove()

    # requests

    def connect(self):
        return Client(self.ports["proxy"])

    def connect_tls(self, context, server_name, session=None):
        return Client(self.ports["tls"], tls=context, server_name=server_name, session=session)

    def ask(self, method, target, **options):
        return ask(self.ports["proxy"], method, target, **options)

    def admin(self, method, path, body=None, key=ADMIN_KEY, headers=None):
        """`path` below /apisix/admin, or the whole path when it begins with a slash."""
        target = path if path.startswith("/") else f"/apisix/admin/{path}"
        fields = [*([("X-API-KEY", key)] if key else []), *(headers or {}).items()]
        return ask_json(self.ports["admin"], method, target, body, fields)

    def put(self, path, body):
        response = self.admin("PUT", path, body)
        assert response.status in (200, 201), f"PUT {path}: {response.status} {response.text}"
        return response

    def put_all(self, resources):
        for kind in [*KINDS, *(k for k in resources if k not in KINDS)]:
            for item in resources.get(kind, []):
                self.put(f"{kind}/{item['id']}", {k: v for k, v in item.items() if k != "id"})

    def metrics(self):
        return ask(self.ports["prometheus"], "GET", "/apisix/prometheus/metrics").text

    def metric(self, name, **labels):
        """The sum of all series of that name whose labels include `labels`."""
        total = 0.0
        for line in self.metrics().splitlines():
            found = re.fullmatch(re.escape(name) + r"(?:\{(.*)\})? (\S+)", line)
            if found and all(f'{k}="{v}"' in (found.group(1) or "") for k, v in labels.items()):
                total += float(found.group(2))
        return total

    def revision(self):
        return int(self.metric("sallyport_snapshot_revision"))
