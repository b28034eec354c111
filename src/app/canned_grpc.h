#pragma once
// Answers gRPC calls and streams of a plugin itself, as they were given, and leaves the rest to another client.
// Belongs to the thread of its loop.

#include "app/wasm_run_options.h"
#include "async/reactor.h"
#include "plugins/wasm/http_client.h"

#include <memory>
#include <vector>

namespace sallyport::app {

class CannedGrpc final : public wasm::HttpClient {
 public:
  // All of it outlives it; calls may outlive this.
  CannedGrpc(async::Reactor& reactor, const std::vector<CalledService>& services, wasm::HttpClient& client)
      : reactor_(reactor), services_(services), client_(client) {}

  Status reach(const wasm::HttpTarget& target) override;
  std::unique_ptr<Call> start(wasm::HttpCallOrder order, Done done) override;
  std::unique_ptr<Stream> open(wasm::HttpCallOrder order, Told told) override;

 private:
  // Null where nothing was given for it, or a server.
  const CalledService* find(const wasm::HttpTarget& target) const;

  async::Reactor& reactor_;
  const std::vector<CalledService>& services_;
  wasm::HttpClient& client_;
};

}  // namespace sallyport::app
