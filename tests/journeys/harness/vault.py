"""What a gateway sees of HashiCorp Vault: a KV engine of version 1, answering as Vault's documentation of
`GET /v1/MOUNT/PATH` and of its errors has it."""
import json

from .web_server import WebServer

TOKEN = "hvs.journey-token"


class Vault:
    """`secrets` are kept by their paths behind `/v1/`: {"kv/apisix/jack": {"auth-key": "value"}}."""

    def __init__(self, secrets=None, token=TOKEN, namespace=None, tls=None):
        self.secrets = secrets or {}
        self.token = token
        self.namespace = namespace
        self.sealed = False
        self.held = None  # an event for which every answer waits
        self.server = WebServer(self._answer, tls=tls)

    @property
    def paths(self):
        return [path for path, _ in self.server.seen]

    def manager(self, **over):
        return {"uri": self.server.url(""), "prefix": "kv/apisix", "token": TOKEN, **over}

    def stop(self):
        if self.held:
            self.held.set()
        self.server.stop()

    def _answer(self, path, headers):
        if self.held:
            self.held.wait()
        status, body = self._look_up(path, headers)
        return status, {"Content-Type": "application/json", "Cache-Control": "no-store"}, json.dumps(body).encode() + b"\n"

    def _look_up(self, path, headers):
        if self.sealed:
            return 503, {"errors": ["Vault is sealed"]}
        if headers.get("X-Vault-Token") != self.token or headers.get("X-Vault-Namespace") != self.namespace:
            return 403, {"errors": ["permission denied"]}
        data = self.secrets.get(path.removeprefix("/v1/"))
        if data is None:
            return 404, {"errors": []}
        return 200, {"request_id": "6b9a4b66-3c2f-5fd4-a2ae-0d5f0b2f6f6e", "lease_id": "", "renewable": False,
                     "lease_duration": 2764800, "data": data, "wrap_info": None, "warnings": None, "auth": None}
