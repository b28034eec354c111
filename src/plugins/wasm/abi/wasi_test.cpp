#include "plugins/wasm/abi/abi_fixture.h"
#include "plugins/wasm/abi/binding.h"

namespace sallyport::wasm::abi {
namespace {

class Wasi : public AbiFixture {
 protected:
  // The memory after a call; the error number stands at 0.
  GuestImage wasi(std::string_view function, std::string_view arguments, std::string_view segments = "") {
    PluginRun run(plugin(call_module(function, arguments, segments, {.module = "wasi_snapshot_preview1"})));
    return call(run);
  }
  Errno error(std::string_view function, std::string_view arguments) {
    return static_cast<Errno>(wasi(function, arguments).number(0));
  }
};

std::string words(std::initializer_list<std::uint32_t> values) {
  std::string bytes;
  for (std::uint32_t value : values) bytes.append(reinterpret_cast<const char*>(&value), 4);
  return bytes;
}

TEST_F(Wasi, StandardOutputIsTheLog) {
  std::string segments = data(100, "hello \nthere\n") + data(200, words({100, 6, 106, 7}));
  GuestImage image = wasi("fd_write", numbers(1, 200, 2, 16), segments);
  EXPECT_EQ(image.number(0), 0u);
  EXPECT_EQ(image.number(16), 13u);
  EXPECT_TRUE(log_.has("info plugin test: hello"));
  EXPECT_TRUE(log_.has("info plugin test: there"));
}

TEST_F(Wasi, StandardErrorIsLoggedAsError) {
  wasi("fd_write", numbers(2, 200, 1, 16), data(100, "help") + data(200, words({100, 4})));
  EXPECT_TRUE(log_.has("error plugin test: help"));
}

TEST_F(Wasi, ThereAreNoOtherDescriptors) {
  EXPECT_EQ(error("fd_write", numbers(3, 200, 1, 16)), Errno::kBadDescriptor);
  EXPECT_EQ(error("fd_fdstat_get", numbers(0, 16)), Errno::kBadDescriptor);
  EXPECT_EQ(error("fd_tell", numbers(0, 16)), Errno::kBadDescriptor);
  EXPECT_EQ(error("fd_prestat_get", numbers(3, 16)), Errno::kBadDescriptor);
  EXPECT_EQ(error("fd_filestat_get", numbers(1, 16)), Errno::kBadDescriptor);
  EXPECT_EQ(error("fd_read", numbers(0, 200, 1, 16)), Errno::kNoSystemCall);
}

TEST_F(Wasi, TheOutputsMayBeWrittenTo) {
  GuestImage image = wasi("fd_fdstat_get", numbers(1, 16));
  EXPECT_EQ(image.number(0), 0u);
  EXPECT_EQ(image.long_number(24), 64u);
}

TEST_F(Wasi, ThereAreNoFilesAndNoSockets) {
  EXPECT_EQ(error("path_open", numbers(3, 0, 100, 4, 0) + "(i64.const 0)(i64.const 0)" + numbers(0, 16)),
            Errno::kNoEntry);
  EXPECT_EQ(error("path_unlink_file", numbers(3, 100, 4)), Errno::kNotSupported);
  EXPECT_EQ(error("path_link", numbers(3, 0, 100, 4, 3, 100, 4)), Errno::kNotSupported);
  EXPECT_EQ(error("path_symlink", numbers(100, 4, 3, 100, 4)), Errno::kNotSupported);
  EXPECT_EQ(error("fd_readdir", numbers(3, 100, 4) + "(i64.const 0)" + numbers(16)), Errno::kNotDirectory);
  EXPECT_EQ(error("sock_accept", numbers(3, 0, 16)), Errno::kNotSupported);
}

TEST_F(Wasi, ThereAreNoArgumentsAndNoVariables) {
  for (std::string_view function : {"args_sizes_get", "environ_sizes_get"}) {
    GuestImage image = wasi(function, numbers(16, 20), data(16, "\xff\xff\xff\xff\xff\xff\xff\xff"));
    EXPECT_EQ(image.number(0), 0u);
    EXPECT_EQ(image.long_number(16), 0u);
  }
}

TEST_F(Wasi, VariablesAreThoseOfTheSettings) {
  vm_settings_.env = {{"A", "1"}, {"LONG", "x=y"}};
  GuestImage sizes = wasi("environ_sizes_get", numbers(16, 20));
  EXPECT_EQ(sizes.number(0), 0u);
  EXPECT_EQ(sizes.number(16), 2u);
  EXPECT_EQ(sizes.number(20), 13u);
  GuestImage image = wasi("environ_get", numbers(16, 100));
  EXPECT_EQ(image.number(0), 0u);
  EXPECT_EQ(image.number(16), 100u);
  EXPECT_EQ(image.number(20), 104u);
  EXPECT_EQ(image.bytes.substr(100, 13), std::string("A=1\0LONG=x=y\0", 13));
  EXPECT_EQ(error("environ_get", numbers(65530, 100)), Errno::kFault);
  EXPECT_EQ(error("environ_get", numbers(16, 65530)), Errno::kFault);
}

TEST_F(Wasi, ClocksTellTheTime) {
  auto now = static_cast<std::uint64_t>(std::chrono::nanoseconds(clock_.wall().time_since_epoch()).count());
  EXPECT_GE(wasi("clock_time_get", numbers(0) + "(i64.const 0)" + numbers(16)).long_number(16), now);
  EXPECT_GT(wasi("clock_time_get", numbers(1) + "(i64.const 0)" + numbers(16)).long_number(16), 0u);
  EXPECT_EQ(error("clock_time_get", numbers(2) + "(i64.const 0)" + numbers(16)), Errno::kNotSupported);
  EXPECT_EQ(wasi("clock_res_get", numbers(0, 16)).long_number(16), 1u);
}

TEST_F(Wasi, RandomBytesAreRandom) {
  GuestImage image = wasi("random_get", numbers(16, 16));
  EXPECT_NE(image.long_number(16) | image.long_number(24), 0u);
  EXPECT_EQ(error("random_get", numbers(16, 65537)), Errno::kInvalid);
  EXPECT_EQ(error("random_get", numbers(65530, 16)), Errno::kFault);
}

TEST_F(Wasi, PollingNeverSleeps) {
  GuestImage image = wasi("poll_oneoff", numbers(100, 200, 1, 16), data(16, "\xff\xff\xff\xff"));
  EXPECT_EQ(image.number(0), 0u);
  EXPECT_EQ(image.number(16), 0u);
}

TEST_F(Wasi, WrongPointersAreFaults) {
  EXPECT_EQ(error("fd_write", numbers(1, 65533, 1, 16)), Errno::kFault);
  EXPECT_EQ(error("fd_fdstat_get", numbers(1, 65520)), Errno::kFault);
  EXPECT_EQ(error("args_sizes_get", numbers(65533, 16)), Errno::kFault);
  EXPECT_EQ(error("clock_time_get", numbers(0) + "(i64.const 0)" + numbers(65529)), Errno::kFault);
}

TEST_F(Wasi, BothNamesOfTheModuleAreServed) {
  EXPECT_NE(find_host_function("wasi_unstable", "proc_exit"), nullptr);
  EXPECT_NE(find_host_function("wasi_snapshot_preview1", "proc_exit"), nullptr);
}

}  // namespace
}  // namespace sallyport::wasm::abi
