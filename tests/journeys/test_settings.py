"""What `sallyport check` and a start say about settings; exit codes."""
import pytest

from harness.settings import apisix_yaml


def check(gateway, text, *arguments, resources=None):
    """Runs `sallyport check` over a settings file of that text; a file that is refused never starts."""
    one = gateway(start=False)
    one.write_settings(text)
    if resources is not None:
        one.write_resources(None, resources)
    return one.run_command("check", "-c", "conf/config.yaml", *arguments)


YAML_STORE = "deployment: {role: data_plane, role_data_plane: {config_provider: yaml}}\n"


def test_a_small_file_is_fine(gateway):
    result = check(gateway, "apisix: {node_listen: 9080, admin_listen: 9180}\nplugins: [wasm]\n")
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_file_of_the_repository_is_fine(gateway):
    from harness.gateway import ROOT
    result = check(gateway, (ROOT / "conf/config.yaml").read_text())
    assert result.returncode == 0, result.stdout + result.stderr
    assert "warning" not in result.stdout + result.stderr


def test_every_problem_is_named_with_its_place(gateway):
    result = check(gateway, "apisix:\n  node_listen: none\n  enable_dev_mode: true\n  nod_listen: 1\n")
    said = result.stdout + result.stderr
    assert result.returncode == 1
    assert "conf/config.yaml:2:3: error: apisix.node_listen" in said
    assert "conf/config.yaml:3:3: warning: apisix.enable_dev_mode is not honoured" in said
    assert "conf/config.yaml:4:3: error: apisix.nod_listen is an unknown key" in said
    assert "did you mean node_listen?" in said


def test_a_misspelt_key_fails_the_check_and_lets_the_gateway_serve(gateway):
    result = check(gateway, "nginx_config:\n  worker_proceses: 1\n")
    assert result.returncode == 1
    assert "conf/config.yaml:2:3: error: nginx_config.worker_proceses is an unknown key" in result.stderr
    result = check(gateway, "apisix:\n  our_team: edge\n")
    assert result.returncode == 0
    assert "conf/config.yaml:2:3: warning: apisix.our_team is an unknown key" in result.stderr
    gateway(settings={"nginx_config": {"worker_proceses": 1}}).wait_for_line(
        r"\[warn\] .*warning: nginx_config.worker_proceses is an unknown key .*did you mean worker_processes\?")


def test_a_bad_resource_is_named_with_its_line(gateway):
    good = apisix_yaml({"routes": [{"id": 1, "uri": "/a", "upstream": {"nodes": {"127.0.0.1:1": 1}}}]})
    assert check(gateway, YAML_STORE, resources=good).returncode == 0
    result = check(gateway, YAML_STORE, resources="routes:\n  - id: 1\n    uri: 7\n#END\n")
    assert result.returncode == 1
    assert "apisix.yaml:" in result.stdout + result.stderr


def test_a_data_plane_has_no_admin_api_and_makes_no_key(gateway, upstream):
    up = upstream()
    settings = {"deployment": {"role": "data_plane", "role_data_plane": {"config_provider": "yaml"}, "admin": {"admin_key": []}}}
    one = gateway(store="yaml", settings=settings, resources={"routes": [{"id": 1, "uri": "/a", "upstream": {"nodes": {up.address: 1}}}]})
    assert one.ask("GET", "/a").status == 200
    with pytest.raises(ConnectionRefusedError):
        one.admin("GET", "routes")
    assert not one.path("data/admin.key").exists()
    one.wait_for_line("deployment.admin has no effect: deployment.role is data_plane")


def test_misspelt_members_of_resources_are_named(gateway):
    upstream = {"nodes": {"127.0.0.1:1": 1}}
    result = check(gateway, YAML_STORE, resources=apisix_yaml({"routes": [{"id": 1, "uri": "/a", "upstrem": upstream}], "servces": []}))
    assert result.returncode == 1
    assert "routes/1: additional properties forbidden, found upstrem; did you mean upstream?" in result.stderr
    assert "servces: no kind of resource; ignored; did you mean services?" in result.stderr
    plugins = {"request-id": {"header_nam": "X"}}
    result = check(gateway, YAML_STORE, resources=apisix_yaml({"routes": [{"id": 1, "uri": "/a", "plugins": plugins, "upstream": upstream}]}))
    assert result.returncode == 0
    assert "warning: routes/1: plugins.request-id.header_nam is unknown and has no effect; did you mean header_name?" in result.stderr


def test_resources_without_an_end_mark_are_refused(gateway):
    result = check(gateway, YAML_STORE, resources="routes: []\n")
    assert result.returncode == 1
    assert "#END" in result.stdout + result.stderr


@pytest.mark.parametrize("text, place", [
    ("deployment:\n  role: traditional\n  role_traditional:\n    config_provider: etcd\n", "conf/config.yaml:4:5"),
    ("deployment:\n  etcd:\n    host: ['http://127.0.0.1:2379']\n", "conf/config.yaml:3:5"),
])
def test_etcd_is_refused_with_the_line_to_change(gateway, text, place):
    one = gateway(start=False)
    one.write_settings(text)
    for command in ("check", "run"):
        result = one.run_command(command, "-c", "conf/config.yaml")
        assert result.returncode == 1
        assert place in result.stdout + result.stderr
        assert "change this line" in result.stdout + result.stderr


def test_a_file_that_is_not_there_is_named(gateway):
    result = gateway(start=False).run_command("run", "-c", "nowhere.yaml")
    assert result.returncode == 1
    assert "nowhere.yaml" in result.stderr


@pytest.mark.parametrize("arguments", [["--nonsense"], ["fly"], ["-c"], ["run", "--workers", "0"]])
def test_mistakes_on_the_command_line_exit_with_2(gateway, arguments):
    result = gateway(start=False).run_command(*arguments)
    assert result.returncode == 2
    assert result.stderr


def test_help_and_version(gateway):
    one = gateway(start=False)
    assert one.run_command("--help").returncode == 0
    assert "usage: sallyport" in one.run_command("--help").stdout
    assert one.run_command("version").stdout.strip()


def test_a_wasm_plugin_that_cannot_be_loaded_refuses_start_and_check(gateway):
    one = gateway(start=False, settings={"wasm": {"plugins": [{"name": "p", "priority": 1, "file": "missing.wasm"}]}})
    for command in ("check", "run"):
        result = one.run_command(command, "-c", "conf/config.yaml")
        assert result.returncode == 1
        assert "missing.wasm" in result.stdout + result.stderr


@pytest.mark.parametrize("name", ["node_listen", "status"])
def test_a_port_that_is_taken_is_named(gateway, upstream, name):
    taken = {"ip": "127.0.0.1", "port": upstream().port}
    one = gateway(start=False, settings={"apisix": {name: [taken] if name == "node_listen" else taken}})
    result = one.run_command("run", "-c", "conf/config.yaml")
    assert result.returncode == 1
    assert str(taken["port"]) in result.stdout + result.stderr + one.read("logs/error.log")
