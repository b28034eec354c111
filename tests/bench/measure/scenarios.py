"""What is measured: one row of the table each."""
import dataclasses

ADDED = "X-Added: true"
# What an access log tells of a request, nginx's and ours.
LOGGED = {"ip": "$remote_addr", "host": "$http_host", "time": "$time_iso8601", "request": "$request",
          "status": "$status", "bytes": "$body_bytes_sent", "seconds": "$request_time", "agent": "$http_user_agent",
          "upstream": "$upstream_addr", "upstream_status": "$upstream_status",
          "upstream_seconds": "$upstream_response_time"}
STREAMS = 10
INJECTED = "hello world"
SANDBOX = "-sandbox"          # ends the name of a plugin of which each request has an instance of its own


@dataclasses.dataclass(frozen=True)
class Scenario:
    name: str                 # of the row
    server: str               # forwarder, nginx, gateway, or gateway-log: the gateway with an access log
    path: str
    plugins: dict = dataclasses.field(default_factory=dict)  # of the gateway's route
    header: str = ""          # that each response must carry
    body: str = ""            # of a direct answer; empty: the response comes from the upstream
    response_bytes: int = 100
    post_bytes: int = 0
    group: str = "small"
    calls: bool = False       # a plugin asks the upstream first, whose first request then is not a client's
    tls: bool = False         # TLS 1.3 between the clients and the proxy
    streams: int = 0          # HTTP/2 with so many requests under way on each connection; 0: HTTP/1.1

    @property
    def has_upstream(self):
        return not self.body

    def route(self, upstream):
        route = {"id": self.name, "uri": self.path, "plugins": self.plugins}
        if self.has_upstream:
            route["upstream"] = {"type": "roundrobin", "nodes": {f"127.0.0.1:{upstream}": 1}}
        return route

    @property
    def is_ours(self):
        return self.server.startswith("gateway")


def ours(name, plugins, server="gateway", **more):
    return Scenario(name, server, f"/{name}", plugins, **more)


def called_upstream(upstream):
    """What the plugin of `http-call-rust` asks: the generator, too."""
    return {"id": "auth", "type": "roundrobin", "nodes": {f"127.0.0.1:{upstream}": 1}}


def wasm(plugin, conf):
    return {plugin: {"conf": conf}}


def in_sandbox(plugin, conf):
    return wasm(plugin + SANDBOX, conf)


RUST_HEADER = {"header_name": "X-Added", "header_value": "true"}
GO_HEADER = {"headers": [{"name": "X-Added", "value": "true"}]}
FAULT = {"body": INJECTED, "http_status": 200}
CHAINED = "do-nothing-rust"   # plugins of these names and a number are this module, each with a VM of its own
CHAINS = (1, 4, 16)


def chain(length):
    plugins = {f"{CHAINED}-{number}": {"conf": "none"} for number in range(length)}
    return ours(f"chain-{length}", plugins)


ALL = (
    Scenario("floor", "forwarder", "/plain"),
    Scenario("nginx", "nginx", "/plain"),
    Scenario("nginx-header", "nginx", "/header", header=ADDED),
    ours("plain", {}),
    ours("header-native", {"response-rewrite": {"headers": {"add": [ADDED]}}}, header=ADDED),
    ours("header-rust", wasm("add-header-rust", RUST_HEADER), header=ADDED),
    ours("header-go", wasm("custom-response-header-go", GO_HEADER), header=ADDED),
    *(chain(length) for length in CHAINS),
    ours("shared-data-rust", wasm("quota-rust", {"requests": 1_000_000_000, "seconds": 3600})),
    ours("http-call-rust", wasm("auth-call-rust", {"upstream": "auth", "path": "/"}), calls=True),
    ours("header-rust-sandbox", in_sandbox("add-header-rust", RUST_HEADER), header=ADDED),
    ours("header-go-sandbox", in_sandbox("custom-response-header-go", GO_HEADER), header=ADDED),
    ours("answer-native", {"fault-injection": {"abort": {"http_status": 200, "body": INJECTED}}}, body=INJECTED),
    ours("answer-rust", wasm("fault-injection-rust", FAULT), body=INJECTED),
    ours("answer-go", wasm("fault-injection-go", FAULT), body=INJECTED),
    ours("answer-cpp", wasm("fault-injection-cpp", FAULT), body=INJECTED),
    ours("answer-cpp-sandbox", in_sandbox("fault-injection-cpp", FAULT), body=INJECTED),
    Scenario("nginx-log", "nginx", "/logged"),
    ours("plain-log", {}, server="gateway-log"),
    Scenario("nginx-tls", "nginx", "/plain", tls=True),
    ours("plain-tls", {}, tls=True),
    Scenario("nginx-http2", "nginx", "/plain", tls=True, streams=STREAMS),
    ours("plain-http2", {}, tls=True, streams=STREAMS),
    Scenario("nginx-1k", "nginx", "/plain", response_bytes=1 << 10, group="bodies"),
    ours("plain-1k", {}, response_bytes=1 << 10, group="bodies"),
    Scenario("floor-80k", "forwarder", "/plain", response_bytes=80 << 10, group="bodies"),
    Scenario("nginx-80k", "nginx", "/plain", response_bytes=80 << 10, group="bodies"),
    ours("plain-80k", {}, response_bytes=80 << 10, group="bodies"),
    Scenario("floor-post-16k", "forwarder", "/plain", post_bytes=16 << 10, group="bodies"),
    Scenario("nginx-post-16k", "nginx", "/plain", post_bytes=16 << 10, group="bodies"),
    ours("plain-post-16k", {}, post_bytes=16 << 10, group="bodies"),
)

WASM_PLUGINS = ("add-header-rust", "custom-response-header-go", "fault-injection-rust", "fault-injection-go",
                "fault-injection-cpp", "quota-rust", "auth-call-rust")
SANDBOXED = ("add-header-rust", "custom-response-header-go", "fault-injection-cpp")


def declared(names, folder):
    """What the boot file says of the plugins that stand in routes under these names."""
    known = [(name, {"name": name, "file": str(folder / f"{name}.wasm")}) for name in WASM_PLUGINS]
    known += [(name + SANDBOX, {"name": name + SANDBOX, "file": str(folder / f"{name}.wasm"), "isolation": "request",
                                "max_instances": 1000}) for name in SANDBOXED]
    known += [(f"{CHAINED}-{number}", {"name": f"{CHAINED}-{number}", "file": str(folder / f"{CHAINED}.wasm")})
              for number in range(max(CHAINS))]
    return [{"priority": 7000 + place} | plugin for place, (name, plugin) in enumerate(known) if name in names]


def modules(names):
    """Of which plugins they are."""
    chained = [CHAINED] if any(name.startswith(CHAINED) for name in names) else []
    return chained + [name for name in WASM_PLUGINS if {name, name + SANDBOX} & set(names)]

# Which row a row is compared with, besides itself: column of the table, and rows to look in.
NGINX_OF = {"plain": "nginx", "header-native": "nginx-header", "header-rust": "nginx-header",
            "header-go": "nginx-header", "floor": "nginx", "nginx-header": "nginx", "plain-1k": "nginx-1k", "plain-80k": "nginx-80k",
            "plain-log": "nginx-log", "plain-tls": "nginx-tls", "plain-http2": "nginx-http2",
            "floor-80k": "nginx-80k", "plain-post-16k": "nginx-post-16k", "floor-post-16k": "nginx-post-16k"}
PLAIN_OF = {name: "plain" for name in (*(f"chain-{length}" for length in CHAINS), "shared-data-rust", "http-call-rust")}
NATIVE_OF = {"header-rust": "header-native", "header-go": "header-native", "answer-rust": "answer-native",
             "answer-go": "answer-native"}


def shared_of(row):
    """The same without sandboxes, or nothing."""
    return row.removesuffix(SANDBOX) if row.endswith(SANDBOX) else ""


def chosen(names, with_bodies):
    """The scenarios to run. Error: ValueError with the names that exist."""
    known = {scenario.name for scenario in ALL}
    for name in names:
        if name not in known:
            raise ValueError(f"there is no row {name}; choose from: {', '.join(s.name for s in ALL)}")
    if names:
        return [scenario for scenario in ALL if scenario.name in names]
    return [scenario for scenario in ALL if with_bodies or scenario.group == "small"]
