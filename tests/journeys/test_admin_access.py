"""Who may use the Admin API: keys that are generated, short or known to everybody; peers by their address."""
import json
import signal
import stat

import pytest

from harness.addresses import other_own_address
from harness.client import Client
from harness.patience import wait_until

KNOWN = "edd1c9f034335f136f87ad84b625c8f1"


def with_keys(*keys):
    return {"deployment": {"admin": {"admin_key": [{"name": k, "key": k, "role": "admin"} for k in keys]}}}


def test_without_a_key_one_is_generated_kept_and_printed_once(gateway):
    one = gateway(settings=with_keys())
    key = one.read("data/admin.key").strip()
    assert len(key) >= 32
    assert stat.S_IMODE(one.path("data/admin.key").stat().st_mode) == 0o600
    assert one.admin("GET", "routes", key=key).status == 200
    assert one.admin("GET", "routes", key=KNOWN).status == 401

    def told():
        return one.read("stdout") + one.read("stderr") + one.read("logs/error.log")

    assert told().count(key) == 1
    one.stop()
    one.start()
    assert one.admin("GET", "routes", key=key).status == 200
    assert told().count(key) == 1


def test_the_known_key_works_where_it_is_configured_and_from_this_machine(gateway):
    assert gateway(settings=with_keys(KNOWN)).admin("GET", "routes", key=KNOWN).status == 200
    assert gateway().admin("GET", "routes", key=KNOWN).status == 401


def test_keys_are_not_needed_when_the_settings_say_so(gateway):
    one = gateway(settings={"deployment": {"admin": {"admin_key_required": False}}})
    assert one.admin("GET", "routes", key=None).status == 200


def test_peers_that_are_not_allowed_are_refused(gateway):
    one = gateway(settings={"deployment": {"admin": {"allow_admin": ["10.0.0.0/8"]}}})
    assert one.admin("GET", "routes").status == 403


def test_the_key_may_stand_in_the_query_or_a_cookie(gateway):
    from harness.settings import ADMIN_KEY
    one = gateway()
    assert one.admin("GET", f"routes?api_key={ADMIN_KEY}", key=None).status == 200
    assert one.admin("GET", "routes", key=None, headers={"Cookie": f"x_api_key={ADMIN_KEY}"}).status == 200


def test_the_admin_api_can_be_switched_off(gateway):
    one = gateway(settings={"apisix": {"enable_admin": False}})
    try:
        one.admin("GET", "routes")
    except OSError:
        return
    raise AssertionError("something answers on the admin port")


def from_elsewhere(gateway, key):
    """GET routes, asked from an address of this machine that is not loopback."""
    with Client(gateway.ports["admin"], host=other_own_address()) as client:
        return client.request("GET", "/apisix/admin/routes", headers={"X-API-KEY": key})


def listening_everywhere(gateway, *keys, **admin):
    made = gateway(settings={"deployment": {"admin": {**with_keys(*keys)["deployment"]["admin"], **admin}}}, start=False)
    made.settings["deployment"]["admin"]["admin_listen"]["ip"] = "0.0.0.0"
    made.write_settings()
    return made.start()


LONG = "a-long-enough-key-of-our-own-0123456789"


@pytest.mark.parametrize("weak, reason", [
    (KNOWN, "this key is publicly known"), ("fifteen-letters", "this key is shorter than 16 characters"), ("x", "shorter than 16")])
def test_weak_keys_open_from_this_machine_only(gateway, weak, reason):
    one = listening_everywhere(gateway, LONG, weak, allow_admin=["0.0.0.0/0"])
    for key in (LONG, weak):
        assert one.admin("GET", "routes", key=key).status == 200
    assert from_elsewhere(one, LONG).status == 200
    refused = from_elsewhere(one, weak)
    assert refused.status == 401
    told = json.loads(refused.body)
    assert told["error_msg"] == "failed to check token"
    assert reason in told["description"] and "deployment.admin.admin_key" in told["description"]
    # Not in the query, nor claimed by a field of the request.
    with Client(one.ports["admin"], host=other_own_address()) as client:
        assert client.request("GET", f"/apisix/admin/routes?api_key={weak}",
                              headers={"X-Forwarded-For": "127.0.0.1", "X-Real-IP": "127.0.0.1"}).status == 401
    if weak != KNOWN:
        one.wait_for_line("is shorter than 16 characters, and is accepted from this machine only")


def test_a_key_of_sixteen_characters_opens_from_everywhere(gateway):
    one = listening_everywhere(gateway, "sixteen-letters!", allow_admin=["0.0.0.0/0"])
    assert from_elsewhere(one, "sixteen-letters!").status == 200


def test_other_machines_are_refused_by_default(gateway):
    one = listening_everywhere(gateway, LONG)
    assert one.admin("GET", "routes", key=LONG).status == 200
    refused = from_elsewhere(one, LONG)
    assert refused.status == 403 and "deployment.admin.allow_admin" in refused.text


def test_the_admin_api_is_on_loopback_by_default(gateway):
    one = gateway()
    try:
        from_elsewhere(one, LONG)
    except ConnectionRefusedError:
        return
    raise AssertionError("something answers on the admin port of another address")


def test_an_empty_key_counts_as_none(gateway):
    one = gateway(settings=with_keys(""))
    assert one.admin("GET", "routes", key=one.read("data/admin.key").strip()).status == 200
    assert one.admin("GET", "routes", key=None).status == 401


def test_a_generated_key_outlives_a_reload(gateway):
    one = gateway(settings=with_keys())
    key = one.read("data/admin.key").strip()
    one.signal(signal.SIGHUP)
    wait_until(lambda: "settings were read again" in one.read("logs/error.log"), one.tell)
    assert one.admin("GET", "routes", key=key).status == 200
    assert one.read("stderr").count(key) == 1


def test_a_damaged_key_file_refuses_the_start(gateway):
    one = gateway(settings=with_keys(), start=False)
    one.path("data").mkdir()
    one.path("data/admin.key").write_text("short\n")
    ended = one.run_command("run", "-c", "conf/config.yaml")
    assert ended.returncode == 1
    assert "data/admin.key: holds no admin key" in ended.stderr and "remove the file" in ended.stderr
