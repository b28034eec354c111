"""Settings files of journeys: a small gateway on reserved loopback ports, and what a journey puts on top."""
import copy
import os

import yaml

ADMIN_KEY = "journeys-admin-key-0123456789abcdef"
VIEWER_KEY = "journeys-viewer-key-0123456789abcd"


def merge(base, over):
    """`over` on top of `base`: mappings merge, everything else replaces."""
    if not isinstance(base, dict) or not isinstance(over, dict):
        return copy.deepcopy(over)
    merged = dict(base)
    for key, value in over.items():
        merged[key] = merge(base[key], value) if key in base else copy.deepcopy(value)
    return merged


def default_settings(ports, store):
    def listen(name):
        return {"ip": "127.0.0.1", "port": ports[name]}

    return {
        "apisix": {"node_listen": [listen("proxy")], "enable_ipv6": False, "status": listen("status"),
                   "control": listen("control"), "ssl": {"listen": [listen("tls")]}},
        "deployment": {
            "role": "traditional",
            "role_traditional": {"config_provider": store},
            "admin": {
                "admin_listen": listen("admin"),
                "admin_key": [
                    {"name": "admin", "key": ADMIN_KEY, "role": "admin"},
                    {"name": "viewer", "key": VIEWER_KEY, "role": "viewer"},
                ],
            },
        },
        "nginx_config": {"worker_processes": 2, "error_log_level": "info"},
        "plugin_attr": {"prometheus": {"export_addr": listen("prometheus")}},
        **wasm_engine(),
    }


def wasm_engine():
    """The engine that SALLYPORT_WASM_ENGINE names, for every gateway whose journey says nothing else."""
    engine = os.environ.get("SALLYPORT_WASM_ENGINE")
    return {"wasm": {"engine": engine}} if engine else {}


def with_upstreams(value, addresses):
    """`value` with names of upstreams replaced: a key of `nodes` that is the name, and `{{name}}` in any text, become
    "ip:port"; `{{name.port}}` is the port alone."""
    if isinstance(value, dict):
        return {k: with_upstreams(nodes_at(v, addresses) if k == "nodes" else v, addresses) for k, v in value.items()}
    if isinstance(value, list):
        return [with_upstreams(v, addresses) for v in value]
    return in_text(value, addresses) if isinstance(value, str) else value


def nodes_at(nodes, addresses):
    if not isinstance(nodes, dict):
        return nodes
    return {addresses.get(host) or in_text(host, addresses): weight for host, weight in nodes.items()}


def in_text(text, addresses):
    for name, address in addresses.items():
        port = address.rsplit(":", 1)[1]
        if text == "{{%s.port}}" % name:
            return int(port)
        text = text.replace("{{%s}}" % name, address).replace("{{%s.port}}" % name, port)
    return text


def apisix_yaml(resources):
    return yaml.safe_dump(resources, sort_keys=False) + "#END\n"
