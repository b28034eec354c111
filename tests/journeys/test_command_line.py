"""The commands: where relative paths start, how many threads serve, what `check` finds and leaves alone."""
import os
import pathlib
import re

import pytest

from harness.modules import modules
from harness.patience import wait_until
from harness.settings import apisix_yaml

YAML_STORE = "deployment: {role: traditional, role_traditional: {config_provider: yaml}}\n"


@pytest.fixture
def elsewhere(gateway):
    """Starts a gateway from another folder with its settings in FILE; what is in the prefix afterwards."""

    def make(file, *arguments):
        one = gateway(start=False)
        one.folder = one.path("working-folder")
        one.folder.mkdir()
        one.path(file).parent.mkdir(parents=True, exist_ok=True)
        if file != "conf/config.yaml":
            one.path("conf/config.yaml").rename(one.path(file))
        one.arguments = [argument.format(one.prefix) for argument in arguments]
        one.start()
        one.ask("GET", "/")
        one.stop()
        return sorted(str(path.relative_to(one.prefix)) for path in one.prefix.rglob("*") if path.is_file())

    return make


def places(prefix):
    return [f"{prefix}data/sallyport.db", f"{prefix}data/sallyport.db-journal", f"{prefix}logs/access.log", f"{prefix}logs/error.log"]


@pytest.mark.parametrize("file, arguments, prefix", [
    ("conf/config.yaml", ["run", "-c", "{}/conf/config.yaml"], ""),  # the parent of a folder called conf
    ("conf/config.yaml", ["run", "-c", "../conf/config.yaml"], ""),
    ("settings/gateway.yaml", ["run", "-c", "{}/settings/gateway.yaml"], "settings/"),
    ("conf/config.yaml", ["run", "-c", "{}/conf/config.yaml", "-p", "{}/own"], "own/"),
    ("conf/config.yaml", ["run", "--prefix=own", "--config=../conf/config.yaml"], "working-folder/own/"),
    ("working-folder/conf/config.yaml", [], "working-folder/"),  # conf/config.yaml is the default
    ("conf/config.yaml", ["-c", "{}/conf/config.yaml"], ""),  # so is run
])
def test_relative_paths_start_at_the_prefix(elsewhere, file, arguments, prefix):
    found = elsewhere(file, *arguments)
    assert sorted([file, *places(prefix), "stderr", "stdout"]) == found


def test_paths_of_the_settings_start_there_too_unless_they_are_absolute(gateway, tmp_path):
    one = gateway(settings={
        "deployment": {"embedded": {"path": "var/routes.db"}, "admin": {"admin_key": []}},
        "nginx_config": {"error_log": "var/error.txt", "pid": "var/pid", "http": {"access_log": f"{tmp_path}/access.txt"}},
        "wasm": {"plugins": [{"name": "p", "file": "var/p.wasm"}]}}, start=False)
    one.path("var").mkdir()
    one.path("var/p.wasm").write_bytes((modules() / "script.wasm").read_bytes())
    one.start()
    one.ask("GET", "/")
    wait_until(lambda: (tmp_path / "access.txt").read_text(), "a line of the access log")
    assert all(one.path(name).is_file() for name in ("var/routes.db", "var/error.txt", "var/pid", "data/admin.key"))
    assert not one.path("logs").exists()


def children_of(process):
    """By the fourth field of /proc/PID/stat; the second, a name in parentheses, may hold blanks."""
    parents = {}
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[stat.parent.name] = int(stat.read_text().rpartition(")")[2].split()[1])
        except OSError:
            pass  # it has ended
    return [pid for pid, parent in parents.items() if parent == process.pid]


@pytest.mark.parametrize("settings, options, workers", [
    (1, [], 1), (3, [], 3), (1, ["--workers", "4"], 4), ("auto", [], len(os.sched_getaffinity(0)))])
def test_one_process_has_as_many_workers_as_it_is_told(gateway, settings, options, workers):
    one = gateway(settings={"nginx_config": {"worker_processes": settings}}, options=options)
    assert f", {workers} workers, " in one.read("stderr")
    assert len(os.listdir(f"/proc/{one.process.pid}/task")) > workers
    assert children_of(one.process) == []


@pytest.mark.parametrize("arguments, said", [
    (["check", "--nonsense"], "unknown option --nonsense"), (["check", "run"], "only one command can be given"),
    (["check", "-c"], "-c wants a value after it"), (["chek"], "'chek' is no command; use run, check, wasm or version"),
    (["conf/config.yaml"], "is no command"), (["run", "--workers", "many"], "give a number from 1 to 1024"),
    (["run", "-p="], "unknown option"), (["run", "--reactor", "kqueue"], "give auto, epoll or io_uring"), (["version", "--workers=0"], "--workers 0")])
def test_mistakes_exit_with_2_and_say_what_is_wrong(gateway, arguments, said):
    ended = gateway(start=False).run_command(*arguments)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith("sallyport: ") and said in ended.stderr


def test_version_tells_one_line(gateway):
    for arguments in (["version"], ["--version"]):
        ended = gateway(start=False).run_command(*arguments)
        assert ended.returncode == 0 and re.fullmatch(r"sallyport \d+\.\d+\.\d+\S*\n", ended.stdout)


# What is wrong in a file of resources: its text, the place of the item, and what is said.
BAD_RESOURCES = {
    "a wrong type": ("routes:\n  - id: 1\n    uri: 7\n", "2:5", 'routes/1: .*property "uri" validation failed'),
    "an unknown field": ("routes:\n  - {id: 1, uri: /a, urii: /b}\n", "2:5", "routes/1: .*urii"),
    "an unknown plugin": ("routes:\n  - {id: a, uri: /a, plugins: {no-such: {}}}\n", "2:5", r"routes/a: unknown plugin \[no-such\]"),
    "a bad conf": ("routes:\n  - {id: a, uri: /a, plugins: {fault-injection: {abort: {}}}}\n", "2:5",
                   "routes/a: failed to check the configuration of plugin fault-injection err: "),
    "a conf that a module refuses": ("routes:\n  - {id: a, uri: /a, plugins: {wasm_script: {conf: configure refuse}}}\n", "2:5",
                                     "routes/a: .*proxy_on_configure refused the configuration"),
    "our own Admin API": ("routes:\n  - {id: 1, uri: /a, upstream: {nodes: {'localhost:9180': 1}}}\n", "2:5",
                          "routes/1: .*is the gateway's own Admin API"),
    "no YAML": ("routes: [\n", "3:1", "end of sequence flow not found"),
    "a key twice": ("routes:\n  - {id: 1, uri: /a,\n     uri: /b}\n", "3:6", "uri"),
    "no list": ("routes: {id: 1}\n", "1:1", "routes must be a list"),
    "an id twice": ("upstreams:\n  - {id: 1, nodes: {}}\n  - {id: 1, nodes: {}}\n", "3:5", "the same id stands at"),
    "no variable": ("routes:\n  - {id: 1, uri: '${{NO_SUCH_VARIABLE}}'}\n", "2:", "environment variable NO_SUCH_VARIABLE is not set"),
}


@pytest.mark.parametrize("what", BAD_RESOURCES)
def test_check_names_what_is_wrong_in_resources_and_where(gateway, what):
    text, place, said = BAD_RESOURCES[what]
    one = gateway(start=False)
    one.write_settings(YAML_STORE + f"wasm: {{plugins: [{{name: wasm_script, file: {modules()}/script.wasm}}]}}\n")
    one.write_resources(None, text + "#END\n")
    ended = one.run_command("check", "-c", "conf/config.yaml")
    assert (ended.returncode, ended.stdout) == (1, "")
    line = ended.stderr.splitlines()[0]
    assert re.search(said, line), ended.stderr
    assert f"apisix.yaml:{place}" in line, ended.stderr


def test_check_warns_of_what_has_no_effect_yet(gateway):
    one = gateway(start=False)
    one.write_settings(YAML_STORE)
    one.write_resources(None, "routes:\n  - {id: a, uri: /a, script_id: '1', upstream: {nodes: {'a:1': 1}}}\n#END\n")
    ended = one.run_command("check", "-c", "conf/config.yaml")
    assert ended.returncode == 0 and "apisix.yaml:2:5: warning: routes/a: script_id has no effect yet" in ended.stderr


def test_check_warns_of_what_refers_to_nothing(gateway):
    one = gateway(start=False)
    one.write_settings(YAML_STORE)
    one.write_resources(None, "routes:\n  - {id: a, uri: /a, service_id: 7}\n  - {id: b, uri: /b, service_id: s}\n"
                              "services:\n  - {id: s, upstream: {nodes: {'a:1': 1}}}\n#END\n")
    ended = one.run_command("check", "-c", "conf/config.yaml")
    assert ended.returncode == 0
    assert ended.stderr.splitlines() == [f"{one.path('conf/apisix.yaml')}:2:5: warning: routes/a: it refers to services/7, which is not "
                                         "there; requests are answered with an error until it is"]


def test_check_says_ok_and_leaves_everything_as_it_is(gateway):
    one = gateway(start=False)
    before = sorted(one.prefix.rglob("*"))
    ended = one.run_command("check", "-c", "conf/config.yaml")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout == f"{one.path('conf/config.yaml')}: ok\n"
    assert sorted(one.prefix.rglob("*")) == before


def test_check_reads_the_database_and_lets_a_running_gateway_be(gateway):
    one = gateway()
    one.put("routes/1", {"uri": "/a", "plugins": {"fault-injection": {"abort": {"http_status": 418}}}})
    beside = one.run_command("check", "-c", "conf/config.yaml")
    assert beside.returncode == 0 and "the resources were not checked" in beside.stderr
    one.stop()
    assert one.run_command("check", "-c", "conf/config.yaml").returncode == 0
    one.settings["plugins"] = ["request-id"]
    one.write_settings()
    ended = one.run_command("check", "-c", "conf/config.yaml")
    assert ended.returncode == 0 and re.search(r"warning: routes/1: unknown plugin \[fault-injection\]", ended.stderr)


def test_a_second_gateway_on_the_same_database_is_refused(gateway):
    one = gateway()
    two = gateway(settings={"deployment": {"embedded": {"path": str(one.path("data/sallyport.db"))}}}, start=False)
    ended = two.run_command("run", "-c", "conf/config.yaml")
    assert ended.returncode == 1 and "sallyport.db" in ended.stderr and "another" in ended.stderr
    assert one.admin("GET", "routes").status == 200


def test_the_environment_is_put_into_the_settings(gateway, upstream, monkeypatch):
    up = upstream()
    one = gateway(start=False)
    monkeypatch.setenv("JOURNEY_PORT", str(one.ports["proxy"]))
    text = one.path("conf/config.yaml").read_text()
    one.write_settings(text.replace(str(one.ports["proxy"]), "${{JOURNEY_PORT}}").replace(
        str(one.ports["admin"]), "${{JOURNEY_NONE:=%d}}" % one.ports["admin"]))
    one.start()
    one.put("routes/1", {"uri": "/a", "upstream": {"nodes": {up.address: 1}}})
    assert one.ask("GET", "/a").status == 200


def test_a_variable_that_is_not_set_is_named_with_its_place(gateway):
    one = gateway(start=False)
    one.write_settings("apisix:\n  node_listen: ${{JOURNEY_NOT_SET}}\n")
    for command in ("check", "run"):
        ended = one.run_command(command, "-c", "conf/config.yaml")
        assert ended.returncode == 1
        assert "conf/config.yaml:2:16: error: environment variable JOURNEY_NOT_SET is not set" in ended.stderr


@pytest.mark.parametrize("text, said", [
    ("deployment:\n  role: control_plane\n", "2:3: error: deployment.role is control_plane, which needs etcd"),
    ("deployment:\n  role: no_such\n", "2:3: error: deployment.role is no_such; choose traditional or data_plane"),
    ("deployment:\n  role: data_plane\n  role_data_plane: {config_provider: xds}\n",
     "3:21: error: deployment.role_data_plane.config_provider is xds, which this version cannot read"),
    ("apisix:\n  config_center: etcd\n", "2:3: error: apisix.config_center asks for etcd"),
    ("etcd:\n  host: ['http://127.0.0.1:2379']\n", "2:3: error: etcd.host asks for etcd"),
    ("wasm:\n  plugins: [{name: a}]\n", "file is missing"), ("plugins: wasm\n", "1:1: error: plugins wants a list, and is a text"),
    ("nginx_config:\n  http:\n    access_log_format: '$'\n", "3:5: error: nginx_config.http.access_log_format is no format"),
    ("apisix: [\n", "2:1: error: "), ("apisix:\n  router: {http: radixtree}\n", "2:12: error: apisix.router.http is")])
def test_settings_that_cannot_be_served_refuse_start_and_check(gateway, text, said):
    one = gateway(start=False)
    one.write_settings(text)
    for command in ("check", "run"):
        ended = one.run_command(command, "-c", "conf/config.yaml")
        assert ended.returncode == 1 and said in ended.stderr, ended.stderr
    assert not one.path("data").exists()


def test_what_is_not_honoured_is_named_at_the_start(gateway):
    one = gateway(settings={"apisix": {"enable_dev_mode": True, "ssl": {"key_encrypt_salt": "x"}, "no_such": 1},
                            "nginx_config": {"http_configuration_snippet": "x"}, "plugin_attr": {"zipkin": {"a": 1}},
                            "discovery": {"dns": {}}})
    for name in ("apisix.enable_dev_mode is not honoured", "apisix.ssl.key_encrypt_salt is not honoured", "apisix.no_such is an unknown key",
                 "nginx_config.http_configuration_snippet is not honoured", "plugin_attr.zipkin is not honoured",
                 "discovery is not honoured"):
        one.wait_for_line(rf"\[warn\] .*conf/config.yaml:\d+:\d+: warning: {name}")


def test_a_list_of_plugins_replaces_the_default(gateway, upstream):
    route = {"uri": "/a", "upstream": {"nodes": {upstream().address: 1}}, "plugins": {"request-id": {}}}
    listed = gateway(settings={"plugins": ["request-id", "no-such-plugin"]})
    listed.put("routes/1", route)
    other = {**route, "plugins": {"fault-injection": {"abort": {"http_status": 418}}}}
    refused = listed.admin("PUT", "routes/1", other)
    assert refused.status == 400 and "unknown plugin [fault-injection]" in refused.text
    assert listed.admin("GET", "plugins/list").text == '["request-id"]\n'
    assert listed.ask("GET", "/a").get("x-request-id")
    former = gateway(settings={"apisix": {"plugins": ["fault-injection"]}})
    former.put("routes/1", other)
    assert former.admin("PUT", "routes/1", route).status == 400
    absent = gateway()
    for body in (route, other):
        absent.put("routes/1", body)
    none = gateway(settings={"plugins": []})
    assert none.admin("PUT", "routes/1", route).status == 400


def test_a_stored_route_is_served_without_a_plugin_that_the_list_no_longer_has(gateway, upstream):
    nodes = {upstream().address: 1}
    abort = {"fault-injection": {"abort": {"http_status": 418}}}
    one = gateway()
    one.put("services/1", {"upstream": {"nodes": nodes}, "plugins": abort})
    one.put("routes/1", {"uri": "/a", "upstream": {"nodes": nodes}, "plugins": {**abort, "request-id": {}}})
    one.put("routes/2", {"uri": "/b", "service_id": 1})
    one.stop()
    one.settings["plugins"] = ["request-id"]
    one.write_settings()
    one.start()
    answers = [one.ask("GET", uri) for uri in ("/a", "/b")]
    assert [answer.status for answer in answers] == [200, 200]
    assert answers[0].get("x-request-id")
    for resource in ("routes/1", "services/1"):
        one.wait_for_line(rf"\[warn\] .*{resource}: unknown plugin \[fault-injection\] is skipped")
    # What is written anew is checked in full; what only refers to it stays as it is.
    refused = one.admin("PATCH", "routes/1", {"desc": "x"})
    assert refused.status == 400 and "unknown plugin [fault-injection]" in refused.text
    assert "fault-injection" in one.admin("GET", "routes/1").text
    one.put("services/1", {"upstream": {"nodes": nodes}, "plugins": {"request-id": {}}})
    assert one.ask("GET", "/b").get("x-request-id")


def test_in_a_file_of_resources_an_unknown_plugin_leaves_out_its_item(gateway, upstream):
    nodes = {upstream().address: 1}
    one = gateway(store="yaml", settings={"plugins": ["request-id"]}, start=False)
    one.write_resources(None, apisix_yaml({"routes": [
        {"id": 1, "uri": "/a", "upstream": {"nodes": nodes}},
        {"id": 2, "uri": "/b", "upstream": {"nodes": nodes}, "plugins": {"proxy-rewrite": {"uri": "/"}}}]}))
    one.start()
    assert [one.ask("GET", uri).status for uri in ("/a", "/b")] == [200, 404]
    one.wait_for_line(r"apisix\.yaml:\d+:3: routes/2: unknown plugin \[proxy-rewrite\]; .*`plugins`.*; it is not served")
