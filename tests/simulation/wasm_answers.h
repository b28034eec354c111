#pragma once
// WebAssembly plugins that answer with 403 in one callback each, on the loop of a World: "wasm-request-headers",
// "wasm-request-body" (which holds the body until it is whole), "wasm-request-trailers", "wasm-response-headers",
// "wasm-response-body", "wasm-response-trailers" and "wasm-log", whose answer comes too late for anybody. Ends after
// the chains that were made of them, before its reactor.

#include "async/reactor.h"
#include "base/clock.h"
#include "base/temporary_folder_fixture.h"
#include "chain/catalog.h"
#include "plugins/wasm/runtime.h"

#include <memory>
#include <string>
#include <vector>

namespace sallyport::simulation {

class WasmAnswers {
 public:
  WasmAnswers(async::Reactor& reactor, chain::Catalog& catalog);
  WasmAnswers(const WasmAnswers&) = delete;
  WasmAnswers& operator=(const WasmAnswers&) = delete;

  // Lets go of the plugins; what they tell their worker comes with the next turns of the loop.
  void forget();

 private:
  class Type;
  chain::PluginPtr make(const std::string& name, const std::string& text);

  SystemClock clock_;
  TemporaryFolder folder_;
  std::shared_ptr<wasm::Runtime> runtime_;
  std::vector<std::shared_ptr<chain::PluginPtr>> plugins_;
};

}  // namespace sallyport::simulation
