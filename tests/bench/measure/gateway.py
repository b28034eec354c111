"""The gateway under test: settings, resources, start, and its Admin API."""
import http.client
import json
import re
import subprocess

from . import process

ADMIN_KEY = "bench-0123456789abcdef0123456789"


class Gateway:
    """One process, everything of it below `folder`."""

    def __init__(self, program, folder, placement, *, resources=None, wasm_plugins=(), workers=1, reactor="auto",
                 code_cache=None, log_format=None):
        """With `resources` they are served from apisix.yaml, without they come through the Admin API. What is compiled
        is kept in the folder `code_cache`, or below `folder`. With `log_format`, a JSON object of variables, there is
        an access log."""
        (self.port, self.tls_port, self.status_port, self.metrics_port, self.admin_port,
         self.control_port) = process.free_ports(6)
        self.folder = folder
        store = self.yaml_store() if resources is not None else self.embedded_store()
        settings = self.settings(wasm_plugins, log_format) | store
        if code_cache:
            settings["wasm"]["code_cache"] = {"path": str(code_cache)}
        self.configuration = as_yaml(settings)
        (folder / "conf").mkdir(parents=True)
        (folder / "conf/config.yaml").write_text(self.configuration, encoding="utf-8")
        if resources is not None:
            text = as_yaml(resources) + "#END\n"
            (folder / "conf/apisix.yaml").write_text(text, encoding="utf-8")
            self.configuration += text
        argv = [program, "run", "-c", folder / "conf/config.yaml", "-p", folder, "--workers", workers,
                "--reactor", reactor]
        self.process = process.Process(argv, placement, placement.proxy_core, folder / "output.log")

    def settings(self, wasm_plugins, log_format):
        def loopback(port):
            return {"ip": "127.0.0.1", "port": port}

        return {
            "apisix": {"node_listen": [loopback(self.port)], "ssl": {"listen": [loopback(self.tls_port)]},
                       "status": loopback(self.status_port), "control": loopback(self.control_port)},
            "nginx_config": {"error_log": "/dev/stderr", "error_log_level": "info", "http": access_log(log_format)},
            "plugin_attr": {"prometheus": {"export_addr": loopback(self.metrics_port)}},
            "wasm": {"plugins": list(wasm_plugins), "first_tier": "off"},  # what is measured is optimised
        }

    def yaml_store(self):
        return {"deployment": {"role": "data_plane", "role_data_plane": {"config_provider": "yaml"}}}

    def embedded_store(self):
        return {"deployment": {"admin": self.admin()}}

    def admin(self):
        return {"admin_listen": {"ip": "127.0.0.1", "port": self.admin_port},
                "admin_key": [{"name": "bench", "key": ADMIN_KEY, "role": "admin"}]}

    def wait_until_ready(self):
        # A module is compiled before the gateway is ready, on the one core that it has.
        process.wait_until(lambda: self.is_ready() and process.accepts(self.port), self.process, "ready", seconds=180)

    def is_ready(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.status_port, timeout=5)
        try:
            connection.request("GET", "/status/ready")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    def reactor(self):
        """Which loop its workers chose, "epoll" or "io_uring"; once it is ready."""
        said = (self.folder / "output.log").read_text(encoding="utf-8", errors="replace")
        return re.search(r"connections are served with (\w+)", said)[1]

    def serving_pids(self):
        return self.process.pids()

    @staticmethod
    def version(program):
        return subprocess.run([program, "version"], capture_output=True, text=True, check=True).stdout.strip()


def access_log(log_format):
    if log_format is None:
        return {"enable_access_log": False}
    return {"access_log": "access.log", "access_log_format": json.dumps(log_format),
            "access_log_format_escape": "json"}


def as_yaml(document):
    """One line a key, and one for each item of a list; the lines are JSON, which is YAML."""
    lines = []
    for key, value in document.items():
        if isinstance(value, list):
            lines += [f"{key}:", *(f"  - {json.dumps(item)}" for item in value)]
        else:
            lines.append(f"{key}: {json.dumps(value)}")
    return "\n".join(lines) + "\n"


class Admin:
    """Writes resources through the Admin API, over one connection."""

    def __init__(self, port):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)

    def send(self, method, path, body=None):
        """The status and the text of the answer. Error: Failed when the API does not take the change."""
        return self.send_text(method, path, None if body is None else json.dumps(body), "application/json")

    def send_module(self, name, code):
        """The same for a plugin; `code` is WebAssembly."""
        return self.send_text("PUT", f"wasm/{name}", code, "application/wasm")

    def send_text(self, method, path, text, kind):
        headers = {"X-API-KEY": ADMIN_KEY, "Content-Type": kind}
        self.connection.request(method, f"/apisix/admin/{path}", text, headers)
        answer = self.connection.getresponse()
        answer_text = answer.read().decode("utf-8", "replace")
        if answer.status not in (200, 201):
            raise process.Failed(f"{method} /apisix/admin/{path} was answered with {answer.status}: {answer_text}")
        return answer.status, answer_text

    def close(self):
        self.connection.close()
