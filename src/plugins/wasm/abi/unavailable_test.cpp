#include "plugins/wasm/abi/abi_fixture.h"

namespace sallyport::wasm::abi {
namespace {

class Unavailable : public AbiFixture {
 protected:
  Status status(std::string_view function, std::string_view arguments) {
    PluginRun run(plugin(call_module(function, arguments, "")));
    return call(run).status();
  }
};

// With other codes, SDKs stop the plugin.
TEST_F(Unavailable, CallsAnswerAsIfNothingWereThere) {
  EXPECT_EQ(status("proxy_grpc_send", numbers(1, 100, 4, 0)), Status::kNotFound);
  EXPECT_EQ(status("proxy_grpc_cancel", numbers(1)), Status::kNotFound);
  EXPECT_EQ(status("proxy_grpc_close", numbers(1)), Status::kNotFound);
  EXPECT_EQ(status("proxy_grpc_call", numbers(100, 4, 100, 4, 100, 4, 100, 4, 100, 4, 1000, 16)),
            Status::kInternalFailure);
  EXPECT_EQ(status("proxy_grpc_stream", numbers(100, 4, 100, 4, 100, 4, 100, 4, 16)), Status::kInternalFailure);
}

}  // namespace
}  // namespace sallyport::wasm::abi
