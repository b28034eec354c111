#include "plugins/wasm/abi/abi_fixture.h"

namespace sallyport::wasm::abi {
namespace {

// All plugins of the fixture have one vm_id.
class SharedDataCalls : public AbiFixture {
 protected:
  GuestImage run(std::string_view function, std::string_view arguments, std::string_view segments = "") {
    PluginRun run(plugin(call_module(function, arguments, segments)));
    return call(run);
  }
  Status set(std::string_view key, std::string_view value, std::uint32_t cas = 0) {
    return run("proxy_set_shared_data", numbers(100, key.size(), 200, value.size(), cas),
               data(100, key) + data(200, value))
        .status();
  }
  GuestImage get(std::string_view key) {
    return run("proxy_get_shared_data", numbers(100, key.size(), 16, 20, 24), data(100, key));
  }
  Status foreign(std::string_view name, std::string_view argument) {
    return run("proxy_call_foreign_function", numbers(100, name.size(), 200, argument.size(), 0, 0),
               data(100, name) + data(200, argument))
        .status();
  }
};

TEST_F(SharedDataCalls, ValuesAreCommonToAllVmsOfAVmId) {
  EXPECT_EQ(get("key").status(), Status::kNotFound);
  EXPECT_EQ(set("key", "value"), Status::kOk);
  GuestImage image = get("key");
  EXPECT_EQ(image.status(), Status::kOk);
  EXPECT_EQ(image.text(16), "value");
  EXPECT_NE(image.number(24), 0u);
}

TEST_F(SharedDataCalls, AnEmptyValueIsThere) {
  EXPECT_EQ(set("key", ""), Status::kOk);
  GuestImage image = get("key");
  EXPECT_EQ(image.status(), Status::kOk);
  EXPECT_EQ(image.number(16), 0u);
  EXPECT_EQ(image.number(20), 0u);
}

TEST_F(SharedDataCalls, AStaleCasIsAMismatch) {
  set("key", "one");
  std::uint32_t cas = get("key").number(24);
  EXPECT_EQ(set("key", "two", cas), Status::kOk);
  EXPECT_EQ(set("key", "three", cas), Status::kCasMismatch);
  EXPECT_EQ(get("key").text(16), "two");
}

TEST_F(SharedDataCalls, NoRoomIsAnInternalFailure) {
  runtime_->state().limit({.data = {.max_bytes = 4}});
  EXPECT_EQ(set("key", "value"), Status::kInternalFailure);
  EXPECT_TRUE(log_.has("the shared data are full"));
}

TEST_F(SharedDataCalls, RangesOutsideOfMemoryAreRefused) {
  EXPECT_EQ(run("proxy_set_shared_data", numbers(65530, 100, 100, 1, 0)).status(), Status::kInvalidMemoryAccess);
  EXPECT_EQ(run("proxy_set_shared_data", numbers(100, 1, 100, 0xffffffff, 0)).status(), Status::kInvalidMemoryAccess);
  EXPECT_EQ(run("proxy_get_shared_data", numbers(65530, 100, 16, 20, 24)).status(), Status::kInvalidMemoryAccess);
  set("key", "value");
  for (auto slots : {numbers(100, 3, 65534, 20, 24), numbers(100, 3, 16, 65534, 24), numbers(100, 3, 16, 20, 65534)}) {
    EXPECT_EQ(run("proxy_get_shared_data", slots, data(100, "key")).status(), Status::kInvalidMemoryAccess);
  }
}

TEST_F(SharedDataCalls, AConfThatIsOnlyTriedLeavesNothingBehind) {
  std::string text =
      wat(R"((import "env" "proxy_set_shared_data" (func $set (param i32 i32 i32 i32 i32) (result i32))))",
          data(100, "key") + R"((func (export "proxy_on_configure") (param i32 i32) (result i32)
    (call $set (i32.const 100) (i32.const 3) (i32.const 100) (i32.const 3) (i32.const 0))))");
  EXPECT_FALSE(try_plugin(text));  // 0 is Ok for the call and no for the conf
  EXPECT_EQ(get("key").status(), Status::kNotFound);
}

TEST_F(SharedDataCalls, KeysAreDeletedByAForeignFunction) {
  set("key", "value");
  EXPECT_EQ(foreign("shared_data_delete", "key"), Status::kOk);
  EXPECT_EQ(get("key").status(), Status::kNotFound);
  EXPECT_EQ(foreign("shared_data_delete", "key"), Status::kNotFound);
}

TEST_F(SharedDataCalls, KeysExpireByAForeignFunction) {
  using namespace std::string_view_literals;
  EXPECT_EQ(foreign("shared_data_expire", "\xff\xff\xff\xff\xff\xff\xff\xffkey"sv), Status::kNotFound);
  set("key", "value");
  EXPECT_EQ(foreign("shared_data_expire", "\xff\xff\xff\xff\xff\xff\xff\xffkey"sv), Status::kOk);
  EXPECT_EQ(get("key").status(), Status::kOk);
  EXPECT_EQ(foreign("shared_data_expire", "1234567"), Status::kBadArgument);
  auto& shared = runtime_->state().of("test").data;
  EXPECT_TRUE(shared.expire_after("key", std::chrono::milliseconds(0)));
  EXPECT_EQ(get("key").status(), Status::kOk);
}

TEST_F(SharedDataCalls, UnknownForeignFunctionsAreNotFound) {
  EXPECT_EQ(foreign("no_such_function", ""), Status::kNotFound);
  EXPECT_EQ(foreign("clear_route_cache", ""), Status::kOk);
  EXPECT_EQ(run("proxy_call_foreign_function", numbers(65530, 100, 0, 0, 0, 0)).status(), Status::kInvalidMemoryAccess);
}

TEST_F(SharedDataCalls, ForeignFunctionsTellAnEmptyResult) {
  GuestImage image = run("proxy_call_foreign_function", numbers(100, 17, 0, 0, 16, 20),
                         data(100, "clear_route_cache") + data(16, "\xff\xff\xff\xff\xff\xff\xff\xff"));
  EXPECT_EQ(image.status(), Status::kOk);
  EXPECT_EQ(image.number(16), 0u);
  EXPECT_EQ(image.number(20), 0u);
}

}  // namespace
}  // namespace sallyport::wasm::abi
