#pragma once
// A Proxy with real resources, real sockets on loopback and scripted plugins, in the thread of a unit test. No part of
// the product.

#include "async/loop_fixture.h"
#include "async/task_fixture.h"
#include "chain/catalog.h"
#include "json/parse.h"
#include "proxy/proxy.h"
#include "proxy/scripted_plugin_fixture.h"
#include "snapshot/snapshot_builder.h"
#include "telemetry/access_log_format.h"
#include "telemetry/metrics.h"
#include "upstream/balancer_fixture.h"
#include "wire/talk_fixture.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sallyport::proxy {

using async::Loop;
using wire::Talk;

struct ProxyFixture {
  // The plugins "first" and "second" run in this order where a route names them.
  ProxyFixture() {
    catalog.add(std::make_unique<ScriptedType>("first", 9, first));
    catalog.add(std::make_unique<ScriptedType>("second", 1, second));
    options.limits.keep_alive = options.limits.head_arrival = options.limits.body_piece = options.limits.send =
        Loop::kLong;
    auto format = telemetry::AccessLogFormat::compile("$request_uri $status $upstream_status $reason",
                                                      telemetry::Escape::kDefault);
    log.set_access_log(std::make_shared<const telemetry::AccessLogFormat>(std::move(format).value()),
                       [this](std::string_view line) { lines.emplace_back(line); });
  }
  ProxyFixture(const ProxyFixture&) = delete;
  ProxyFixture& operator=(const ProxyFixture&) = delete;

  // "127.0.0.1:port": 1
  static std::string node(const async::LoopbackServer& server, int weight = 1) {
    return fmt::format(R"("{}": {})", server.address().to_string(), weight);
  }
  // Adds a route; `upstream` are members of its upstream beside the nodes, beginning with ", ".
  void route(std::string_view uri, std::string_view plugins = "", std::string_view upstream = "",
             std::string nodes = "") {
    if (nodes.empty()) nodes = node(server);
    put("routes", fmt::format(R"({{"uri": "{}", "plugins": {{{}}}, "upstream": {{"type": "roundrobin",
                                   "nodes": {{{}}}{}}}}})",
                              uri, plugins, nodes, upstream));
  }
  void put(std::string kind, std::string_view text) {
    std::string id = std::to_string(++ids_);
    json::Value value = json::parse(text).value();
    value.object()["id"] = id;
    auto change = async::finish(builder.prepare({std::move(kind), std::move(id), std::move(value)}));
    ASSERT_TRUE(change) << change.error().what;
    ASSERT_TRUE(builder.commit(std::move(*change)));
  }

  // Starts to serve the routes of now, then runs the loop until `work` has ended.
  void run(async::Task<void> work) {
    snapshots = std::make_unique<snapshot::Snapshots>(loop.reactor, std::vector<async::Reactor*>{&loop.reactor},
                                                      builder.latest());
    proxy = std::make_unique<Proxy>(Surroundings{0, loop.reactor, *snapshots, balancer, pool, log, options});
    auto accept = [this](async::Accepted accepted) { proxy->accept(std::move(accepted)); };
    listener =
        std::move(loop.reactor.listen(*async::Address::from_ip("127.0.0.1", 0), async::SharePort::kNo, accept).value());
    loop.run(std::move(work));
    listener.reset();
    proxy.reset();
  }
  async::Task<Talk> connect() {
    auto stream = co_await loop.reactor.connect(listener->local_address(), Loop::kLong);
    co_return Talk(std::move(stream).value());
  }
  // A new client that has sent `request`.
  async::Task<Talk> ask(std::string request) {
    Talk client = co_await connect();
    EXPECT_TRUE(co_await client.send(std::move(request)));
    co_return client;
  }
  // The next connection that the proxy makes to `server`.
  async::Task<Talk> accept() { co_return Talk(co_await server.accept()); }
  // The same, and its first request was taken and answered with `reply`.
  async::Task<Talk> answer(std::string reply) {
    Talk upstream = co_await accept();
    co_await upstream.request();
    EXPECT_TRUE(co_await upstream.send(std::move(reply)));
    co_return upstream;
  }
  // Every exchange that began has been logged, and every connection that a client has left has ended.
  async::Task<void> all_gone() {
    co_await loop.until([this] { return proxy->connections() == 0; });
  }

  Loop loop;
  async::LoopbackServer server{loop.reactor};
  Script first, second;
  chain::Catalog catalog;
  snapshot::SnapshotBuilder builder{catalog, {}};
  upstream::ScriptedResolver resolver;
  upstream::Balancer balancer{loop.reactor, resolver, {}};
  upstream::ConnectionPool pool{loop.reactor};
  telemetry::WorkerMetrics metrics;
  ExchangeLog log{metrics};
  Options options;
  std::vector<std::string> lines;  // of the access log: "target status upstream_status reason"
  std::unique_ptr<snapshot::Snapshots> snapshots;
  std::unique_ptr<Proxy> proxy;
  std::unique_ptr<async::Listener> listener;

 private:
  int ids_ = 0;
};

inline std::string get(std::string_view path, std::string_view fields = "") {
  return fmt::format("GET {} HTTP/1.1\r\nHost: gateway.test\r\n{}\r\n", path, fields);
}
inline std::string post(std::string_view path, std::string_view body, std::string_view fields = "") {
  return fmt::format("POST {} HTTP/1.1\r\nHost: gateway.test\r\nContent-Length: {}\r\n{}\r\n{}", path, body.size(),
                     fields, body);
}
inline std::string ok(std::string_view body, std::string_view fields = "") {
  return fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n{}\r\n{}", body.size(), fields, body);
}

}  // namespace sallyport::proxy
