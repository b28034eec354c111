#include "app/wasm_run_options.h"

#include "base/temporary_folder_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace sallyport::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

Result<WasmRunOptions> parse(std::vector<const char*> arguments) { return parse_wasm_run(arguments); }

std::string mistake(std::vector<const char*> arguments) {
  auto options = parse(std::move(arguments));
  return options ? "" : options.error().what;
}

TEST(WasmRunOptions, AFileIsEnough) {
  auto options = parse({"build/my-plugin.wasm"});
  ASSERT_TRUE(options) << options.error().what;
  EXPECT_EQ(options->plugin.file, "build/my-plugin.wasm");
  EXPECT_EQ(options->plugin.name, "my-plugin");
  EXPECT_EQ(options->conf, "{}");
  EXPECT_EQ(options->request.method + options->request.target, "GET/");
  EXPECT_EQ(options->response.status, 200);
  EXPECT_EQ(options->plugin.settings.policy.limits.longest_pause, std::chrono::seconds(10));
}

TEST(WasmRunOptions, TheRequestAndTheAnswerOfTheUpstreamAreTaken) {
  auto options = parse({"p.wasm", "--request=POST /a?b=c", "-H", "X-A:  b ", "--header", "Host: example.com", "--body",
                        "text", "--response", "404", "--response-header", "X-B: c", "--response-body="});
  ASSERT_TRUE(options) << options.error().what;
  EXPECT_EQ(options->request.method, "POST");
  EXPECT_EQ(options->request.target, "/a?b=c");
  EXPECT_EQ(options->request.authority, "example.com");
  EXPECT_THAT(options->request.headers, ElementsAre(Pair("X-A", "b")));
  EXPECT_EQ(options->request.body, "text");
  EXPECT_EQ(options->response.status, 404);
  EXPECT_THAT(options->response.headers, ElementsAre(Pair("X-B", "c")));
  EXPECT_EQ(options->response.body, "");
}

TEST(WasmRunOptions, TextsMayStandInFiles) {
  TemporaryFolder folder;
  const std::string file = "@" + folder.write("conf.json", "{\"a\": 1}");
  auto options = parse({"p.wasm", "--conf", file.c_str()});
  ASSERT_TRUE(options) << options.error().what;
  EXPECT_EQ(options->conf, "{\"a\": 1}");
  auto missing = parse({"p.wasm", "--body", "@/nowhere"});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().what, "--body @/nowhere: cannot be read: No such file or directory");
}

TEST(WasmRunOptions, ABodyMayComeInPiecesWithTrailersBehindIt) {
  auto options =
      parse({"p.wasm", "--body-piece", "one", "--body-piece=", "--body-piece", "two", "--trailer", "X-Sum: 3"});
  ASSERT_TRUE(options) << options.error().what;
  EXPECT_THAT(options->body_pieces, ElementsAre("one", "", "two"));
  EXPECT_THAT(options->request.trailers, ElementsAre(Pair("X-Sum", "3")));
}

TEST(WasmRunOptions, AnswersOfHttpCallsMayHaveHeaders) {
  auto options = parse({"p.wasm", "--http-call", "auth=200", "--http-call-header", "auth=X-User: a=b",
                        "--http-call-header", "auth=X-Two: 2"});
  ASSERT_TRUE(options) << options.error().what;
  EXPECT_THAT(options->called[0].answer.headers, ElementsAre(Pair("X-User", "a=b"), Pair("X-Two", "2")));
  constexpr std::string_view kWanted = "behind --http-call NAME=STATUS";
  EXPECT_THAT(mistake({"p.wasm", "--http-call-header", "auth=X-A: b"}), HasSubstr(std::string(kWanted)));
  EXPECT_THAT(mistake({"p.wasm", "--http-call", "auth=a:1", "--http-call-header", "auth=X-A: b"}),
              HasSubstr(std::string(kWanted)));
  EXPECT_THAT(mistake({"p.wasm", "--http-call", "auth=200", "--http-call-header", "auth=X-A"}),
              HasSubstr("write it as 'Name: value'"));
}

TEST(WasmRunOptions, GrpcCallsHaveMessagesAStatusOrAServer) {
  auto options = parse({"p.wasm", "--grpc-call", "echo=0 one", "--grpc-call", "echo=0 two", "--grpc-call",
                        "echo=7 not you", "--grpc-call", "real=127.0.0.1:9000", "--grpc-call", "none=14"});
  ASSERT_TRUE(options) << options.error().what;
  ASSERT_EQ(options->services.size(), 3u);
  EXPECT_THAT(options->services[0].messages, ElementsAre("one", "two"));
  EXPECT_EQ(options->services[0].status, 7);
  EXPECT_EQ(options->services[0].message, "not you");
  EXPECT_EQ(options->services[1].node, "127.0.0.1:9000");
  EXPECT_EQ(options->services[2].status, 14);
  EXPECT_THAT(mistake({"p.wasm", "--grpc-call", "echo=17"}), HasSubstr("give a status from 0 to 16"));
  EXPECT_THAT(mistake({"p.wasm", "--grpc-call", "echo"}), HasSubstr("write NAME=STATUS, 'NAME=0 MESSAGE'"));
}

TEST(WasmRunOptions, SettingsAreThoseOfTheGateway) {
  auto options = parse({"p.wasm", "--set", "cpu_budget=5ms", "--set", "capabilities=[\"proxy_log\"]", "--set",
                        "fail=open", "--set", "env={\"A\": \"b\"}"});
  ASSERT_TRUE(options) << options.error().what;
  const wasm::PluginSettings& settings = options->plugin.settings;
  EXPECT_EQ(settings.policy.limits.cpu_budget, std::chrono::milliseconds(5));
  EXPECT_EQ(settings.policy.on_failure, wasm::OnFailure::kPass);
  EXPECT_THAT(*settings.vm.capabilities, ElementsAre("proxy_log"));
  EXPECT_THAT(settings.vm.env, ElementsAre(Pair("A", "b")));
  EXPECT_THAT(mistake({"p.wasm", "--set", "cpu=5"}), HasSubstr("--set cpu=5: write KEY=VALUE, with KEY one of cpu_b"));
  EXPECT_THAT(mistake({"p.wasm", "--set", "cpu_budget=long"}), HasSubstr("--set cpu_budget is no duration"));
}

TEST(WasmRunOptions, HttpCallsHaveAnAnswerOrAServer) {
  auto options = parse(
      {"p.wasm", "--http-call", "auth=403 no, thanks", "--http-call=a:1=204", "--http-call", "real=127.0.0.1:9000"});
  ASSERT_TRUE(options) << options.error().what;
  ASSERT_EQ(options->called.size(), 3u);
  EXPECT_EQ(options->called[0].name, "auth");
  EXPECT_EQ(options->called[0].answer.status, 403);
  EXPECT_EQ(options->called[0].answer.body, "no, thanks");
  EXPECT_EQ(options->called[1].name, "a:1");
  EXPECT_EQ(options->called[1].answer.status, 204);
  EXPECT_EQ(options->called[2].node, "127.0.0.1:9000");
  EXPECT_THAT(mistake({"p.wasm", "--http-call", "auth"}), HasSubstr("write NAME=STATUS"));
  EXPECT_THAT(mistake({"p.wasm", "--http-call", "auth=yes"}), HasSubstr("give a status from 200 to 599"));
}

TEST(WasmRunOptions, MistakesSayWhatToWrite) {
  EXPECT_EQ(mistake({}), "wasm run wants the FILE of a module");
  EXPECT_THAT(mistake({"a.wasm", "b.wasm"}), HasSubstr("only one FILE can be given; it is a.wasm"));
  EXPECT_THAT(mistake({"a.wasm", "--what"}), HasSubstr("unknown option --what; `sallyport wasm run --help`"));
  EXPECT_THAT(mistake({"a.wasm", "--conf"}), HasSubstr("--conf wants a value after it"));
  EXPECT_THAT(mistake({"a.wasm", "--request", "/path"}), HasSubstr("write it as 'GET /path?query'"));
  EXPECT_THAT(mistake({"a.wasm", "-H", "no colon"}), HasSubstr("--header 'no colon': write it as 'Name: value'"));
  EXPECT_THAT(mistake({"a.wasm", "--ticks", "0"}), HasSubstr("--ticks 0: give a number from 1 to 100000"));
  EXPECT_THAT(mistake({"a.wasm", "--timeout", "soon"}), HasSubstr("--timeout soon: write 500ms, 10s or 2m"));
  EXPECT_THAT(mistake({"a.wasm", "--expect", "size=3"}), HasSubstr("with KIND one of status, header, no-header"));
  EXPECT_THAT(mistake({"a.wasm", "--expect", "upstream=maybe"}), HasSubstr("upstream=none or upstream=asked"));
}

}  // namespace
}  // namespace sallyport::app
