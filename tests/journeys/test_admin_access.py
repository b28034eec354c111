"""Who may use the Admin API: keys that are generated, short or known to everybody; ports that no route may reach."""
import stat

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


def test_no_route_reaches_the_admin_port(gateway):
    one = gateway()
    for number, host in enumerate(["127.0.0.1", "localhost"]):
        response = one.admin("PUT", f"routes/{number}", {
            "uri": f"/{number}/*", "plugins": {"proxy-rewrite": {"uri": "/apisix/admin/routes"}},
            "upstream": {"nodes": {f"{host}:{one.ports['admin']}": 1}}})
        if response.status < 300:
            assert one.ask("GET", f"/{number}/x").status in (502, 503)


def test_a_route_reaches_the_admin_port_when_the_settings_allow_it(gateway):
    one = gateway(settings={"deployment": {"admin": {"reachable_through_routes": True}}})
    one.put("routes/1", {"uri": "/apisix/admin/*", "upstream": {"nodes": {f"127.0.0.1:{one.ports['admin']}": 1}}})
    assert one.ask("GET", "/apisix/admin/routes").status == 401
