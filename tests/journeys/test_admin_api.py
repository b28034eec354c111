"""The Admin API beyond single questions: time stamps, connections, large bodies."""
import json
import threading
import time

from harness.client import Client
from harness.settings import ADMIN_KEY, VIEWER_KEY

ROUTE = {"uri": "/a", "plugins": {}}


def value(answer):
    return json.loads(answer.body)["value"]


def test_time_stamps_are_the_servers_own(gateway):
    one = gateway()
    before = int(time.time())
    created = value(one.put("routes/1", ROUTE))
    assert before <= created["create_time"] == created["update_time"] <= time.time()
    stored = json.loads(one.admin("GET", "routes/1").body)
    again = value(one.put("routes/1", {**ROUTE, "uri": "/b"}))
    assert again["create_time"] == created["create_time"] and again["update_time"] >= created["update_time"]
    after = json.loads(one.admin("GET", "routes/1").body)
    assert after["createdIndex"] == stored["createdIndex"] and after["modifiedIndex"] > stored["modifiedIndex"]
    for name in ("create_time", "update_time"):
        refused = one.admin("PUT", "routes/1", {**ROUTE, name: 1})
        assert refused.status == 400 and f"the property is forbidden:  {name}" in refused.text
    assert value(one.admin("PATCH", "routes/1", {"create_time": 5}))["create_time"] == 5


def test_head_tells_the_version_without_a_key(gateway):
    one = gateway()
    answer = one.admin("HEAD", "/apisix/admin", key=None)
    assert (answer.status, answer.get("server"), answer.body) == (200, "APISIX/3.18.0", b"")
    assert one.admin("GET", "/elsewhere", key=None).status == 404


def test_a_connection_carries_many_questions(gateway):
    one = gateway()
    with Client(one.ports["admin"]) as client:
        for number in range(20):
            answer = client.request("PUT", f"/apisix/admin/routes/{number}", headers={"X-API-KEY": ADMIN_KEY}, body=json.dumps(ROUTE))
            assert answer.status == 201
        assert client.request("GET", "/apisix/admin/routes", headers={"X-API-KEY": "wrong"}).status == 401
        assert json.loads(client.request("GET", "/apisix/admin/routes", headers={"X-API-KEY": ADMIN_KEY}).body)["total"] == 20


def test_bodies_have_a_limit(gateway):
    one = gateway()
    limit = 3 << 19  # 1.5 MiB
    fits = {**ROUTE, "labels": {"padding": "x" * 250}, "plugins": {"response-rewrite": {"body": "x" * (limit - 500)}}}
    assert limit - 500 < len(json.dumps(fits)) <= limit
    one.put("routes/1", fits)
    refused = one.admin("PUT", "routes/2", {**ROUTE, "plugins": {"response-rewrite": {"body": "x" * limit}}})
    assert refused.status == 413 and "error_msg" in json.loads(refused.body)
    assert one.admin("GET", "routes/2").status == 404


def test_a_viewer_reads_and_nothing_else(gateway):
    one = gateway()
    one.put("routes/1", ROUTE)
    assert one.admin("GET", "routes/1", key=VIEWER_KEY).status == 200
    for method, path in (("PUT", "routes/1"), ("POST", "routes"), ("PATCH", "routes/1"), ("DELETE", "routes/1"),
                         ("PUT", "plugins/reload"), ("POST", "schema/validate/routes")):
        refused = one.admin(method, path, ROUTE, key=VIEWER_KEY)
        assert refused.status == 401 and "invalid method for role viewer" in refused.text, method
    assert value(one.admin("GET", "routes/1"))["uri"] == "/a"


def test_writes_of_many_at_once_are_all_there(gateway):
    one = gateway()
    answers = []

    def write(first):
        for number in range(first, first + 10):
            answers.append(one.admin("PUT", f"routes/{number}", {**ROUTE, "uri": f"/{number}"}).status)
            answers.append(one.admin("PATCH", "routes/shared", {"labels": {f"l{number}": "x"}}).status)

    one.put("routes/shared", ROUTE)
    writers = [threading.Thread(target=write, args=(first,)) for first in range(0, 40, 10)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert sorted(answers) == [200] * 40 + [201] * 40
    assert json.loads(one.admin("GET", "routes").body)["total"] == 41
    assert len(value(one.admin("GET", "routes/shared"))["labels"]) == 40
