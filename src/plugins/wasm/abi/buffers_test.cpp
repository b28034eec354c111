#include "plugins/wasm/abi/abi_fixture.h"

namespace sallyport::wasm::abi {
namespace {

class Buffers : public AbiFixture {
 protected:
  static std::string getter(int buffer, int start, int longest) {
    return call_module("proxy_get_buffer_bytes", numbers(buffer, start, longest, 16, 20), "");
  }

  // A plugin that puts `bytes` in place of a part of every piece of a body.
  std::shared_ptr<const WasmPlugin> splicer(int buffer, int start, int size, std::string_view bytes) {
    std::string call = "(drop (call $set " + numbers(buffer, start, size, 100, bytes.size()) + ")) (i32.const 0)";
    return plugin(wat(R"((import "env" "proxy_set_buffer_bytes" (func $set (param i32 i32 i32 i32 i32) (result i32))))",
                      data(100, bytes) + "(func (export \"proxy_on_request_body\") (param i32 i32 i32) (result i32)" +
                          call + ")(func (export \"proxy_on_response_body\") (param i32 i32 i32) (result i32)" + call +
                          ")"));
  }
  std::string spliced(int start, int size, std::string_view bytes) {
    PluginRun run(splicer(1, start, size, bytes));
    return run.body(chain::Phase::kResponseBody, "hello world", true);
  }
};

TEST_F(Buffers, TheConfigurationsCanBeReadAnyTime) {
  PluginRun plugin_configuration(plugin(getter(7, 0, 1000), "the configuration"));
  EXPECT_EQ(call(plugin_configuration).text(16), "the configuration");
  PluginRun vm_configuration(plugin(getter(6, 3, 4), ""));
  EXPECT_EQ(call(vm_configuration).text(16), "conf");
}

TEST_F(Buffers, AnEmptyConfigurationIsOkAndEmpty) {
  PluginRun run(plugin(getter(7, 0, 1000), ""));
  GuestImage image = call(run);
  EXPECT_EQ(image.status(), Status::kOk);
  EXPECT_EQ(image.number(20), 0u);
}

TEST_F(Buffers, ReadingBeyondTheEndIsOkAndEmpty) {
  for (auto [start, longest] : {std::pair{17, 1}, {-1, -1}, {100, 5}}) {
    PluginRun run(plugin(getter(7, start, longest), "the configuration"));
    GuestImage image = call(run);
    EXPECT_EQ(image.status(), Status::kOk);
    EXPECT_EQ(image.number(20), 0u);
  }
}

TEST_F(Buffers, BodiesAreNotFoundOutsideOfTheirCallbacks) {
  for (int buffer : {0, 1, 2, 3, 4, 5, 8}) {
    PluginRun run(plugin(getter(buffer, 0, 100)));
    EXPECT_EQ(call(run).status(), Status::kNotFound) << buffer;
  }
  PluginRun unknown(plugin(getter(9, 0, 100)));
  EXPECT_EQ(call(unknown).status(), Status::kBadArgument);
}

TEST_F(Buffers, TheStatusTellsTheSize) {
  PluginRun run(plugin(call_module("proxy_get_buffer_status", numbers(7, 16, 20), ""), "12345"));
  GuestImage image = call(run);
  EXPECT_EQ(image.number(16), 5u);
  EXPECT_EQ(image.number(20), 0u);
}

TEST_F(Buffers, TheOldestVersionHasACallForConfigurations) {
  PluginRun run(plugin(call_module("proxy_get_configuration", numbers(16, 20), "", {.version = "0_1_0"}), "12345"));
  EXPECT_EQ(call(run).text(16), "12345");
}

TEST_F(Buffers, ABodyCanBeReplacedAndSpliced) {
  EXPECT_EQ(spliced(0, 11, "bye"), "bye");
  EXPECT_EQ(spliced(0, -1, "bye"), "bye");
  EXPECT_EQ(spliced(0, 0, "> "), "> hello world");
  EXPECT_EQ(spliced(0, 5, "bye"), "bye world");
  EXPECT_EQ(spliced(0x7fffffff, 0, "!"), "hello world!");
  EXPECT_EQ(spliced(11, 5, "!"), "hello world!");
  EXPECT_EQ(spliced(6, 5, "there"), "hello there");
  EXPECT_EQ(spliced(5, 1, ""), "helloworld");
  EXPECT_EQ(spliced(0, 11, ""), "");
}

TEST_F(Buffers, EveryPieceOfABodyIsItsOwn) {
  PluginRun run(splicer(0, 0, 0, "[]"));
  EXPECT_EQ(run.body(chain::Phase::kRequestBody, "one", false), "[]one");
  EXPECT_EQ(run.body(chain::Phase::kRequestBody, "two", true), "[]two");
}

TEST_F(Buffers, AnEditOutsideOfTheCallbackChangesNothing) {
  PluginRun run(plugin(call_module("proxy_set_buffer_bytes", numbers(0, 0, 0, 100, 3), data(100, "abc"))));
  EXPECT_EQ(call(run).status(), Status::kOk);
  EXPECT_TRUE(log_.has("a body is left as it is"));
}

TEST_F(Buffers, OnlyPluginsThatCanEditSayThatTheyDo) {
  auto edits = splicer(0, 0, 0, "x");
  EXPECT_TRUE(edits->edits_request_body());
  EXPECT_TRUE(edits->edits_response_body());
  auto reads = plugin(getter(0, 0, 100));
  EXPECT_FALSE(reads->edits_request_body());
  EXPECT_FALSE(reads->phases().has(chain::Phase::kRequestBody));
}

}  // namespace
}  // namespace sallyport::wasm::abi
