#pragma once
// The HTTP client of Wasm plugins on one worker: finds upstreams in the Snapshot in force, and calls them over the
// worker's balancer and pool. Belongs to the worker, on whose thread it is used and stopped.

#include "app/plugin_stream.h"
#include "async/event.h"
#include "async/task_group.h"
#include "plugins/wasm/http_client.h"
#include "snapshot/snapshots.h"
#include "upstream/caller.h"
#include "upstream/forbidden_addresses.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

namespace sallyport::app {

using async::Task;

class PluginHttpClient final : public wasm::HttpClient {
 public:
  // All of it outlives the client. `worker`: its number.
  PluginHttpClient(std::size_t worker, async::Reactor& reactor, snapshot::Snapshots& snapshots,
                   upstream::Caller& caller, upstream::ForbiddenAddresses forbidden);
  PluginHttpClient(const PluginHttpClient&) = delete;
  PluginHttpClient& operator=(const PluginHttpClient&) = delete;
  ~PluginHttpClient() override;

  Status reach(const wasm::HttpTarget& target) override;
  std::unique_ptr<Call> start(wasm::HttpCallOrder order, Done done) override;
  std::unique_ptr<Stream> open(wasm::HttpCallOrder order, Told told) override;
  // Ends every call; nobody is told.
  void stop();

 private:
  struct Flight;
  class Handle;
  class StreamHandle;
  using Streams = std::map<std::uint64_t, std::shared_ptr<PluginStream>>;
  using Flights = std::map<std::uint64_t, std::shared_ptr<Flight>>;

  Result<upstream::ClusterPtr> find(const wasm::HttpTarget& target);
  Result<upstream::ClusterPtr> find_host(const wasm::HttpTarget& target);
  Task<void> run(std::uint64_t number, wasm::HttpCallOrder order);
  Task<PluginStream::Opened> open_stream(wasm::HttpCallOrder order);
  tls::ClientIdentityPtr identity_of(const upstream::Cluster& cluster);
  Task<Result<upstream::ClusterPtr>> find_later(wasm::HttpTarget target, Milliseconds timeout);
  void begin(std::uint64_t number, wasm::HttpCallOrder order);
  void deliver(std::uint64_t number, http::CallResult result);

  std::size_t worker_;
  async::Reactor& reactor_;
  snapshot::Snapshots& snapshots_;
  upstream::Caller& caller_;
  upstream::ForbiddenAddresses forbidden_;
  std::map<std::string, upstream::ClusterPtr> hosts_;  // "host:port" that plugins called, by how they are spoken to
  std::uint64_t last_ = 0;
  std::shared_ptr<Flights> flights_;  // handles may outlive the client
  std::shared_ptr<Streams> streams_;
};

}  // namespace sallyport::app
