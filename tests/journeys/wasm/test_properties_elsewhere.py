"""What a Wasm plugin has set on an exchange is known to the log and to the expressions of other plugins."""
from harness.modules import modules


def test_the_log_and_other_plugins_know_the_properties_of_a_plugin(gateway, upstream):
    script = {"path": str(modules() / "script.wasm"), "config": (
        "request_headers set team/name red\nrequest_headers set my.note remembered")}
    coloured = {"headers": {"set": {"X-Team": "$wasm_team_name"}}}
    made = gateway(
        settings={"nginx_config": {"worker_processes": 1, "http": {"access_log_format": "$uri $wasm_team_name $wasm_my_note"}},
                  "wasm": {"enable": True, "allowed_dirs": [str(modules())]}},
        resources={"routes": [
            {"id": path, "uri": f"/{path}", "upstream": {"nodes": {upstream().address: 1}}, "plugins": {
                **({"wasm": {"conf": script}} if path == "set" else {}),
                "response-rewrite": {**coloured, "_meta": {"filter": [["wasm_team_name", "==", "red"]]}}}}
            for path in ("set", "unset")]})
    assert made.ask("GET", "/set").all("X-Team") == ["red"]
    assert made.ask("GET", "/unset").all("X-Team") == []
    made.stop()
    assert made.read("logs/access.log").splitlines() == ["/set red remembered", "/unset - -"]
