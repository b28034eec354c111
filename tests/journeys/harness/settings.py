"""Settings files of journeys: a small gateway on reserved loopback ports, and what a journey puts on top."""
import copy

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
        "apisix": {"node_listen": [listen("proxy")], "enable_ipv6": False, "status": listen("status")},
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
    }


def with_upstreams(value, addresses):
    """`value` with names of upstreams replaced: where a text or key is the name itself, or has it as `{{name}}`, stands
    "ip:port"; `{{name.port}}` is the port alone."""
    if isinstance(value, dict):
        return {with_upstreams(k, addresses): with_upstreams(v, addresses) for k, v in value.items()}
    if isinstance(value, list):
        return [with_upstreams(v, addresses) for v in value]
    if not isinstance(value, str):
        return value
    if value in addresses:
        return addresses[value]
    for name, address in addresses.items():
        if value == "{{%s.port}}" % name:
            return int(address.rsplit(":", 1)[1])
        value = value.replace("{{%s}}" % name, address)
        value = value.replace("{{%s.port}}" % name, address.rsplit(":", 1)[1])
    return value


def apisix_yaml(resources):
    return yaml.safe_dump(resources, sort_keys=False) + "#END\n"
