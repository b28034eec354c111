"""The SDK for plugins in C and C++, sdk/c: its header compiles alone, says what the ABI says, and does what it tells."""
import json
import re
import subprocess

import pytest
import yaml

from harness.abi import EXPORTS, IMPORTS, WASI_IMPORTS, table, types_of
from harness.modules import ROOT, examples
from harness.patience import wait_until

HEADER = ROOT / "sdk/c/proxy_wasm.h"
STRICT = ["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-I", HEADER.parent]
FREESTANDING = ["--target=wasm32", "-nostdlib", "-Wl,--no-entry"]
LANGUAGES = {"c": ["clang-19", "-x", "c", "-std=c11"], "c++": ["clang++-19", "-x", "c++", "-std=c++17"]}

# Tells in x-told what is wrong with the helpers; the request's path stands in x-path, its fields are counted in x-fields.
# The body of the response is what it was, in brackets.
HELPING = r"""
#include "proxy_wasm.h"

static const char* wrong;
static void expect(bool holds, const char* what) {
  if (!holds && wrong == NULL) wrong = what;
}

static void memory_comes_back(void) {
  void* const first = proxy_allocate(100);
  proxy_free(first);
  expect(proxy_allocate(90) == first, "a freed block is used again");
  char* const large = (char*)proxy_allocate(3000000);
  large[0] = large[2999999] = 'x';
  proxy_free(large);
  expect(proxy_allocate((size_t)-1) == NULL, "there is an end of memory");
}

static void arenas_hand_out(void) {
  proxy_arena arena = PROXY_ARENA_EMPTY;
  char* last = NULL;
  for (int i = 1; i < 100; ++i) {
    char* const taken = (char*)proxy_arena_take(&arena, (size_t)i * 100);
    expect(((uintptr_t)taken & 15) == 0 && taken != last, "pieces are aligned and apart");
    for (int j = 0; j < i * 100; ++j) taken[j] = (char)i;
    last = taken;
  }
  expect(last[9899] == 99, "a piece keeps its bytes");
  proxy_arena_end(&arena);
}

static void maps_are_read_as_written(void) {
  proxy_arena arena = PROXY_ARENA_EMPTY;
  const proxy_pair written[] = {{PROXY_TEXT("a"), PROXY_TEXT("1\0002")}, {PROXY_TEXT(""), PROXY_TEXT("")}};
  const proxy_view map = proxy_pairs_write(&arena, written, 2);
  proxy_pairs pairs = proxy_pairs_read(map);
  proxy_pair read;
  for (int i = 0; i < 2; ++i) {
    expect(proxy_pairs_next(&pairs, &read), "a pair is read");
    expect(proxy_equal(read.name, written[i].name) && proxy_equal(read.value, written[i].value), "it is the same pair");
  }
  expect(!proxy_pairs_next(&pairs, &read), "pairs end");
  for (size_t size = 0; size < map.size; ++size) {
    const proxy_view cut = {map.data, size};
    int count = 0;
    for (pairs = proxy_pairs_read(cut); proxy_pairs_next(&pairs, &read);) ++count;
    expect(count < 2, "what is cut off is no pair");
  }
  proxy_arena_end(&arena);
}

static void numbers_are_told(void) {
  proxy_arena arena = PROXY_ARENA_EMPTY;
  uint64_t number = 1;
  expect(proxy_equal(proxy_decimal(&arena, 0), PROXY_TEXT("0")), "0");
  expect(proxy_equal(proxy_decimal(&arena, UINT64_MAX), PROXY_TEXT("18446744073709551615")), "the largest");
  expect(proxy_parse_decimal(proxy_decimal(&arena, UINT64_MAX), &number) && number == UINT64_MAX, "and back");
  expect(!proxy_parse_decimal(PROXY_TEXT("18446744073709551616"), &number), "one more is none");
  expect(!proxy_parse_decimal(PROXY_TEXT(""), &number) && !proxy_parse_decimal(PROXY_TEXT("-1"), &number), "no digits");
  expect(proxy_number_of(PROXY_TEXT("\1\0\0\0\2\0\0\0"), &number) && number == 0x200000001, "8 bytes");
  proxy_arena_end(&arena);
}

static void contexts_keep(uint32_t context) {
  int one = 1, two = 2;
  proxy_keep(context, &one);
  proxy_keep(context + 256, &two);
  expect(proxy_kept(context) == &one && proxy_kept(context + 256) == &two, "each context has its own");
  proxy_keep(context, NULL);
  expect(proxy_kept(context) == NULL && proxy_kept(context + 256) == &two, "one is forgotten");
  proxy_keep(context + 256, NULL);
}

static void the_host_answers(void) {
  proxy_bytes bytes = PROXY_BYTES_NONE;
  uint32_t cas = 7;
  uint64_t size = 7;
  expect(proxy_read_shared(PROXY_TEXT("none"), &bytes, &cas) == PROXY_STATUS_NOT_FOUND && cas == 0, "no such key");
  expect(proxy_write_shared(PROXY_TEXT("one"), PROXY_TEXT("1"), 0) == PROXY_STATUS_OK, "a key is written");
  expect(proxy_read_shared(PROXY_TEXT("one"), &bytes, &cas) == PROXY_STATUS_OK && bytes.size == 1 && cas != 0, "and read");
  proxy_bytes_free(&bytes);
  expect(proxy_write_shared(PROXY_TEXT("one"), PROXY_TEXT("2"), cas + 1) == PROXY_STATUS_CAS_MISMATCH, "or not");
  expect(proxy_read_property(PROXY_TEXT("request\0size"), &bytes) == PROXY_STATUS_OK, "a property is read");
  expect(proxy_number_of(proxy_view_of(bytes), &size) && size == 0, "it is a number");
  proxy_bytes_free(&bytes);
  expect(proxy_read_property(PROXY_TEXT("no\0such"), &bytes) == PROXY_STATUS_NOT_FOUND && bytes.data == NULL, "or is not");
}

proxy_action_t proxy_on_response_headers(uint32_t context, uint32_t count, bool end_of_stream) {
  (void)count, (void)end_of_stream;
  memory_comes_back();
  arenas_hand_out();
  maps_are_read_as_written();
  numbers_are_told();
  contexts_keep(context);
  the_host_answers();

  proxy_bytes fields = PROXY_BYTES_NONE;
  proxy_arena arena = PROXY_ARENA_EMPTY;
  uint64_t total = 0;
  proxy_pair pair;
  proxy_read_fields(PROXY_MAP_HTTP_REQUEST_HEADERS, &fields);
  for (proxy_pairs pairs = proxy_pairs_read(proxy_view_of(fields)); proxy_pairs_next(&pairs, &pair); ++total) {
    if (proxy_equal(pair.name, PROXY_TEXT(":path"))) {
      proxy_replace_field(PROXY_MAP_HTTP_RESPONSE_HEADERS, PROXY_TEXT("x-path"), pair.value);
    }
  }
  proxy_bytes_free(&fields);
  proxy_add_field(PROXY_MAP_HTTP_RESPONSE_HEADERS, PROXY_TEXT("x-fields"), proxy_decimal(&arena, total));
  proxy_arena_end(&arena);
  proxy_remove_field(PROXY_MAP_HTTP_RESPONSE_HEADERS, PROXY_TEXT("content-length"));
  proxy_view told = PROXY_TEXT("nothing");
  if (wrong != NULL) {
    told.data = wrong;
    for (told.size = 0; wrong[told.size] != '\0';) ++told.size;
  }
  proxy_add_field(PROXY_MAP_HTTP_RESPONSE_HEADERS, PROXY_TEXT("x-wrong"), told);
  return PROXY_ACTION_CONTINUE;
}

proxy_action_t proxy_on_response_body(uint32_t context, size_t size, bool end_of_stream) {
  (void)context, (void)size;
  if (!end_of_stream) return PROXY_ACTION_PAUSE;
  proxy_arena arena = PROXY_ARENA_EMPTY;
  proxy_bytes body = PROXY_BYTES_NONE;
  proxy_read_buffer(PROXY_BUFFER_HTTP_RESPONSE_BODY, &body);
  const proxy_view parts[] = {PROXY_TEXT("["), proxy_view_of(body), PROXY_TEXT("]")};
  proxy_replace_buffer(PROXY_BUFFER_HTTP_RESPONSE_BODY, proxy_join(&arena, parts, 3));
  proxy_bytes_free(&body);
  proxy_arena_end(&arena);
  return PROXY_ACTION_CONTINUE;
}
"""


def compiled(language, source, to, *options):
    """Compiles `source` with all warnings as errors; a module, unless `options` say otherwise."""
    made = subprocess.run([*LANGUAGES[language], *FREESTANDING, *STRICT, *options, "-o", to, "-"], input=source, text=True,
                          capture_output=True, check=False)
    assert made.returncode == 0, made.stderr
    return to


def declared(macro):
    """What the header declares with that macro: [(all of the declaration up to the `;`, name)]."""
    return [(declaration, name) for declaration, name in
            re.findall(rf"^({macro}\((?:[\w*]+, )?(\w+)\)\s*(?://[^\n]*)?\s*\([^;]*\));", HEADER.read_text(), re.MULTILINE)]


def whole_module():
    """The source of a plugin that imports all and exports all that the header declares."""
    parts = ['#include "proxy_wasm.h"', "typedef void (*function)(void);"]
    names = [name for _, name in declared("PROXY_HOSTCALL")] + [f"proxy_wasi_{name}" for _, name in declared("PROXY_WASI_CALL")]
    parts.append("__attribute__((used)) static function everything[] = {" + ", ".join(f"(function){name}" for name in names) + "};")
    for declaration, name in declared("PROXY_CALLBACK"):
        if name in ("proxy_abi_version_0_2_1", "proxy_on_memory_allocate"):
            continue
        result = re.match(r"PROXY_CALLBACK\((\w+),", declaration).group(1)
        value = {"void": "", "bool": "return true;", "proxy_action_t": "return PROXY_ACTION_CONTINUE;"}[result]
        parameters = re.sub(r"^PROXY_CALLBACK\([^)]*\)", "", declaration)
        parts.append(f"{result} {name}{parameters} {{ {value} }}")
    return "\n".join([*parts, ""])


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("options", [(), ("-ffreestanding", "-O2"), ("-O2", "-mbulk-memory")], ids=" ".join)
def test_the_header_compiles_alone(language, options, tmp_path):
    source = '#include "proxy_wasm.h"\n#include "proxy_wasm.h"\n'
    _, exports = types_of(compiled(language, source, tmp_path / "alone.wasm", *options))
    assert exports == {"_initialize": ("", "-")} | {name: table(EXPORTS, "proxy_")[name] for name in
                                                  ("proxy_abi_version_0_2_1", "proxy_on_memory_allocate")}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_module_that_imports_and_exports_all_of_it_is_the_abi_and_is_served(gateway, upstream, language):
    one = gateway({"wasm": {"plugins": [{"name": "whole", "file": "whole.wasm"}]}}, start=False)
    module = compiled(language, whole_module(), one.path("whole.wasm"), "-Wno-cast-function-type", "-Wno-unused-parameter")
    imports, exports = types_of(module)
    assert imports == table(IMPORTS, "env.proxy_") | table(WASI_IMPORTS, "wasi_snapshot_preview1.")
    assert exports == table(EXPORTS, "proxy_") | {"_initialize": ("", "-")}
    one.start()
    one.put("routes/1", {"uri": "/a", "plugins": {"whole": {"conf": "x"}}, "upstream": {"nodes": {upstream().address: 1}}})
    assert one.ask("POST", "/a", body="abc").status == 200, one.tell()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("options", [("-O0",), ("-O2",), ("-O2", "-ffreestanding", "-mbulk-memory")], ids=" ".join)
def test_the_helpers_help(gateway, upstream, language, options):
    # Without optimisation it takes an interpreter longer than a callback usually may.
    one = gateway({"wasm": {"plugins": [{"name": "helping", "file": "helping.wasm", "cpu_budget": "1s"}]}}, start=False)
    compiled(language, HELPING, one.path("helping.wasm"), *options)
    one.start()
    there = upstream(answers=[{"chunks": ["a", "b", "c"]}])
    one.put("routes/1", {"uri": "/a", "plugins": {"helping": {"conf": "x"}}, "upstream": {"nodes": {there.address: 1}}})
    for _ in range(3):
        answer = one.ask("GET", "/a?b", headers={"x-one": "1", "x-two": "2"})
        assert (answer.status, answer.get("x-wrong"), answer.get("x-path")) == (200, "nothing", "/a?b"), one.tell()
        assert int(answer.get("x-fields")) >= 5
        assert answer.text == "[abc]"


def test_the_example_of_the_readme_works_as_written(gateway, upstream):
    readme = (ROOT / "sdk/c/README.md").read_text()
    one = gateway({"wasm": yaml.safe_load(re.search("```yaml\n(.*?)```", readme, re.DOTALL).group(1))["wasm"]}, start=False)
    one.path("hello.c").write_text(re.search("```c\n(.*?)```", readme, re.DOTALL).group(1))
    one.path("sdk").symlink_to(ROOT / "sdk")
    command = re.search("```sh\n(.*?)\n```", readme, re.DOTALL).group(1)
    subprocess.run([*command.split(), *STRICT], cwd=one.path("."), check=True)
    one.start()
    conf = json.loads(re.search("```json\n(.*?)```", readme, re.DOTALL).group(1))
    one.put("routes/1", {"uri": "/a", **conf, "upstream": {"nodes": {upstream().address: 1}}})
    assert one.ask("GET", "/a").all("x-hello") == ["world"]


def limited(gateway, there, **conf):
    plugin = {"path": f"{examples()}/body-limit-c.wasm", "name": "body-limit", "config": conf}
    route = {"id": "r1", "uri": "/a", "plugins": {"wasm": {"conf": plugin}}, "upstream": {"nodes": {there.address: 1}}}
    settings = {"nginx_config": {"worker_processes": 4}, "wasm": {"enable": True, "allowed_dirs": [str(examples())]}}
    return gateway(settings=settings, resources={"routes": [route]})


def test_body_limit_c_lets_short_bodies_pass_and_refuses_long_ones(gateway, upstream):
    there = upstream()
    one = limited(gateway, there, bytes=10)
    for body in ({}, {"body": "0123456789"}, {"chunks": ["01234", "56789"]}):
        assert one.ask("POST", "/a", **body).status == 200, body
    for body in ({"body": "0123456789a"}, {"chunks": ["01234", "56789", "a"]}):
        answer = one.ask("POST", "/a", **body)
        assert (answer.status, answer.text) == (413, "the body is longer than 10 bytes\n"), body
        assert answer.get("content-type") == "text/plain"


def test_body_limit_c_counts_over_all_workers_and_reports_once(gateway, upstream):
    one = limited(gateway, upstream(), bytes=0, seconds=1)
    assert [one.ask("POST", "/a", body="a").status for _ in range(40)] == [413] * 40

    def reported():
        return [int(count) for count in re.findall("bodies that were too long: (\\d+)", one.read("logs/error.log"))]

    wait_until(lambda: sum(reported()) >= 40, one.tell)
    assert sum(reported()) == 40


# Asks `auth` while it is configured, and about each request, whose path it sends. What it is told stands in fields of the response.
CALLING = r"""
#include "proxy_wasm.h"

static proxy_bytes greeting;
static uint32_t greeting_call, exchange, exchange_call;
static proxy_bytes answer, trailer;
static uint32_t failure;

static uint32_t ask(proxy_view path, uint32_t milliseconds) {
  const proxy_pair headers[] = {{PROXY_TEXT(":method"), PROXY_TEXT("PUT")}, {PROXY_TEXT(":path"), path},
                                {PROXY_TEXT(":authority"), PROXY_TEXT("auth.test")}};
  uint32_t call = 0;
  return proxy_call(PROXY_TEXT("auth"), headers, 3, PROXY_TEXT("asked"), milliseconds, &call) == PROXY_STATUS_OK ? call : 0;
}

bool proxy_on_configure(uint32_t root, size_t size) {
  (void)root, (void)size;
  greeting_call = ask(PROXY_TEXT("/greeting"), 0);
  return greeting_call != 0;
}

proxy_action_t proxy_on_request_headers(uint32_t context, uint32_t count, bool end_of_stream) {
  (void)count, (void)end_of_stream;
  proxy_bytes path = PROXY_BYTES_NONE;
  proxy_read_field(PROXY_MAP_HTTP_REQUEST_HEADERS, PROXY_TEXT(":path"), &path);
  exchange = context;
  exchange_call = ask(proxy_view_of(path), 0);
  proxy_bytes_free(&path);
  return exchange_call == 0 ? PROXY_ACTION_CONTINUE : PROXY_ACTION_PAUSE;
}

void proxy_on_http_call_response(uint32_t root, uint32_t call, uint32_t headers, size_t body, uint32_t trailers) {
  (void)root, (void)body, (void)trailers;
  if (call == greeting_call) {
    proxy_read_buffer(PROXY_BUFFER_HTTP_CALL_RESPONSE_BODY, &greeting);
    return;
  }
  if (call != exchange_call || proxy_set_effective_context(exchange) != PROXY_STATUS_OK) return;
  char* message = NULL;
  size_t message_size = 0;
  proxy_get_status(&failure, &message, &message_size);
  if (message != NULL) proxy_free(message);
  if (headers > 0) {
    proxy_read_buffer(PROXY_BUFFER_HTTP_CALL_RESPONSE_BODY, &answer);
    proxy_read_field(PROXY_MAP_HTTP_CALL_RESPONSE_TRAILERS, PROXY_TEXT("x-sum"), &trailer);
  }
  proxy_continue_stream(PROXY_STREAM_HTTP_REQUEST);
}

proxy_action_t proxy_on_response_headers(uint32_t context, uint32_t count, bool end_of_stream) {
  (void)context, (void)count, (void)end_of_stream;
  proxy_arena arena = PROXY_ARENA_EMPTY;
  proxy_add_field(PROXY_MAP_HTTP_RESPONSE_HEADERS, PROXY_TEXT("x-greeting"), proxy_view_of(greeting));
  proxy_add_field(PROXY_MAP_HTTP_RESPONSE_HEADERS, PROXY_TEXT("x-answer"), proxy_view_of(answer));
  proxy_add_field(PROXY_MAP_HTTP_RESPONSE_HEADERS, PROXY_TEXT("x-sum"), proxy_view_of(trailer));
  proxy_add_field(PROXY_MAP_HTTP_RESPONSE_HEADERS, PROXY_TEXT("x-failure"), proxy_decimal(&arena, failure));
  proxy_arena_end(&arena);
  proxy_bytes_free(&answer);
  proxy_bytes_free(&trailer);
  return PROXY_ACTION_CONTINUE;
}
"""


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("store", ["yaml", "embedded"])
def test_calls_are_made_and_their_answers_read(gateway, upstream, language, store):
    """The one while it is configured, too, though its upstream comes with the same change."""
    auth = upstream("auth", [{"status": 200, "body": "hello"}, {"chunks": ["yes"], "trailers": {"x-sum": "9"}},
                             {"raw": "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"}])
    one = gateway({"wasm": {"plugins": [{"name": "calling", "file": "calling.wasm"}]}, "nginx_config": {"worker_processes": 1}},
                  store=store, start=False,
                  resources={"upstreams": [{"id": "1", "name": "auth", "nodes": {auth.address: 1}}],
                             "routes": [{"id": "1", "uri": "/*", "plugins": {"calling": {"conf": "x"}},
                                         "upstream": {"nodes": {upstream().address: 1}}}]})
    compiled(language, CALLING, one.path("calling.wasm"))
    one.start()
    wait_until(lambda: one.metric("sallyport_wasm_http_calls_total", plugin="calling", outcome="answered") == 1, one.tell)
    assert [(seen.target, seen.method, seen.body) for seen in auth.seen] == [("/greeting", "PUT", b"asked")]
    answer = one.ask("GET", "/a?b")
    assert [answer.get(name) for name in ("x-greeting", "x-answer", "x-sum", "x-failure")] == ["hello", "yes", "9", "0"]
    assert auth.seen[-1].target == "/a?b"
    answer = one.ask("GET", "/c")
    assert [answer.get(name) for name in ("x-greeting", "x-answer", "x-failure")] == ["hello", "", "11"]
