"""Runs one case: a YAML file of settings, resources and exchanges (tests/journeys/README.md has the grammar)."""
import re

import yaml

from .client import Client, ask_json
from .expectations import check_message, same_text
from .gateway import Gateway
from .modules import with_modules
from .settings import ADMIN_KEY, merge, with_upstreams
from .upstream import Upstream
from .wire import WireError

KEYS = {"name", "store", "settings", "upstreams", "resources", "exchanges", "access_log", "error_log", "options"}
EXCHANGE_KEYS = {"name", "request", "raw", "methods", "admin", "key", "body", "expect", "upstream", "connection", "repeat",
                 "headers"}


class Different(AssertionError):
    """What arrived is not what the case expects."""


def load_case(path):
    case = yaml.safe_load(path.read_text())
    unknown = set(case) - KEYS
    if unknown or "exchanges" not in case:
        raise ValueError(f"{path}: unknown keys {sorted(unknown)}" if unknown else f"{path}: no exchanges")
    return case


class CaseRun:
    def __init__(self, case, store):
        self.case = case
        declared = case.get("upstreams", {"upstream-a": {}})
        self.upstreams = {name: Upstream(name, (spec or {}).get("answers"), (spec or {}).get("down", False))
                          for name, spec in declared.items()}
        self.addresses = {name: upstream.address for name, upstream in self.upstreams.items()}
        # Two workers would write the lines of two connections in any order.
        alone = {"nginx_config": {"worker_processes": 1}} if "access_log" in case else {}
        self.gateway = Gateway(merge(alone, self.resolve(case.get("settings"))), store, self.resolve(case.get("resources")),
                               case.get("options", ()))
        self.connections = {}

    def resolve(self, value):
        return with_modules(with_upstreams(value or {}, self.addresses))

    def run(self):
        try:
            with self.gateway:
                self.gateway.start()
                for number, exchange in enumerate(self.case["exchanges"], 1):
                    for _ in range(exchange.get("repeat", 1)):
                        self.run_exchange(number, exchange)
                for client in self.connections.values():
                    client.close()
                self.gateway.stop()
                self.check_logs()
        finally:
            for upstream in self.upstreams.values():
                upstream.stop()

    def run_exchange(self, number, exchange):
        unknown = set(exchange) - EXCHANGE_KEYS
        if unknown:
            raise ValueError(f"exchange {number}: unknown keys {sorted(unknown)}")
        differences = []
        title = exchange.get("name") or exchange.get("request") or exchange.get("admin") or "raw"
        try:
            response = self.perform(exchange, differences)
            self.check_upstream(exchange, response, differences)
        except (WireError, OSError) as error:
            differences.append(f"{type(error).__name__}: {error}")
        if differences:
            raise Different(f"exchange {number} ({title}):\n  " + "\n  ".join(differences) + "\n" + self.gateway.tell())

    def perform(self, exchange, differences):
        """Sends what the exchange says and checks the responses; returns the last one."""
        if "admin" in exchange:
            return self.perform_admin(exchange, differences)
        name = exchange.get("connection")
        client = self.connections.get(name) or Client(self.gateway.ports["proxy"])
        if name:
            self.connections[name] = client
        try:
            expected = exchange.get("expect", {})
            expected = expected if isinstance(expected, list) else [expected]
            responses = self.raw(client, exchange, expected) if "raw" in exchange else [self.request(client, exchange)]
            for response, wanted in zip(responses, expected):
                check_message("response", response, self.resolve(wanted), differences)
            if expected[-1].get("closes") and not client.is_closed():
                differences.append("response: expected the connection to be closed, and it is open")
            return responses[-1] if responses else None
        finally:
            if not name:
                client.close()

    def request(self, client, exchange):
        request = exchange["request"]
        if isinstance(request, str):
            method, target = request.split(" ", 1)
            request = {"method": method, "target": target}
        options = self.resolve({k: v for k, v in request.items() if k not in ("method", "target")})
        return client.request(request.get("method", "GET"), request.get("target", "/"), **options)

    def raw(self, client, exchange, expected):
        client.send(exchange["raw"].encode("latin-1"))
        methods = exchange.get("methods", [])
        return [client.read(methods[i] if i < len(methods) else "GET") for i in range(len(expected))]

    def perform_admin(self, exchange, differences):
        method, path = exchange["admin"].split(" ", 1)
        key = exchange.get("key", ADMIN_KEY)
        fields = {**({"X-API-KEY": key} if key else {}), **exchange.get("headers", {})}
        target = path if path.startswith("/") else f"/apisix/admin/{path}"
        body = exchange.get("body")
        response = ask_json(self.gateway.ports["admin"], method, target, None if body is None else self.resolve(body),
                            fields)
        check_message("response", response, self.resolve(exchange.get("expect", {})), differences)
        return response

    def check_upstream(self, exchange, response, differences):
        """`upstream: none`, a mapping, or a list of mappings, one for each request that arrived during the exchange."""
        seen = {name: upstream.take_seen() for name, upstream in self.upstreams.items()}
        for name, upstream in self.upstreams.items():
            differences.extend(f"{name} got what is no HTTP: {what}" for what in upstream.broken)
        expected = exchange.get("upstream")
        if expected is None:
            return
        arrived = [(name, request) for name, requests in seen.items() for request in requests]
        if expected == "none":
            differences.extend(f"{name}: expected no request, got {r.start}" for name, r in arrived)
            return
        for wanted in expected if isinstance(expected, list) else [expected]:
            name = wanted.get("of") or next(iter(self.upstreams))
            requests = seen[name]
            if len(requests) != wanted.get("count", 1):
                differences.append(f"{name}: expected {wanted.get('count', 1)} requests, got {len(requests)}")
            if requests:
                check_message(name, requests[-1], self.resolve(wanted), differences, other=response)

    def check_logs(self):
        differences = []
        lines = self.gateway.read("logs/access.log").splitlines()
        for i, wanted in enumerate(self.case.get("access_log", [])):
            same_text(f"access log line {i + 1}", lines[i:i + 1], self.resolve(wanted), differences)
        error_log = self.gateway.read("logs/error.log")
        for wanted in self.case.get("error_log", []):
            if not re.search(wanted, error_log):
                differences.append(f"error log: nothing matches {wanted!r}")
        if differences:
            raise Different("logs:\n  " + "\n  ".join(differences) + f"\n{error_log[-4000:]}")
