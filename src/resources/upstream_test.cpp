#include "resources/upstream.h"

#include "json/parse.h"
#include "resources/kinds.h"
#include "resources/nodes.h"

#include <gmock/gmock.h>

namespace sallyport::resources {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Upstream upstream(std::string_view text) {
  json::Value value = json::parse(text).value();
  Status status = check(Kind::kUpstream, value);
  EXPECT_TRUE(status) << status.error().what;
  schema(Kind::kUpstream).fill_defaults(value);
  return upstream_from(value).value();
}

std::string address_error(std::string_view address) {
  auto node = node_from_address(address);
  return node ? "no error" : node.error().what;
}

TEST(Upstream, WhatIsAbsentHasItsDefault) {
  Upstream u = upstream(R"({"nodes":{}})");
  EXPECT_EQ(u, Upstream{});
  EXPECT_EQ(u.timeout, (Timeouts{60s, 60s, 60s}));
  EXPECT_FALSE(u.retries);
}

TEST(Upstream, WhatIsWrittenArrives) {
  Upstream u = upstream(R"({"id":"u","name":"n","nodes":{},"type":"chash","hash_on":"cookie","key":"sid",
    "scheme":"https","pass_host":"rewrite","upstream_host":"a.com","timeout":{"connect":1,"send":2,"read":3},
    "retries":0,"retry_timeout":2.5,"slow_start":7.5,"keepalive_pool":{"size":5,"idle_timeout":0},
    "checks":{"active":{}},"tls":{"client_cert_id":1}})");
  EXPECT_EQ(u.id, "u");
  EXPECT_EQ(u.type, "chash");
  EXPECT_EQ(u.hash_on, HashOn::kCookie);
  EXPECT_EQ(u.key, "sid");
  EXPECT_EQ(u.scheme, Scheme::kHttps);
  EXPECT_EQ(u.pass_host, PassHost::kRewrite);
  EXPECT_EQ(u.upstream_host, "a.com");
  EXPECT_EQ(u.timeout, (Timeouts{1s, 2s, 3s}));
  EXPECT_EQ(u.retries, 0);
  EXPECT_EQ(u.retry_timeout, 2500ms);
  EXPECT_EQ(u.slow_start, 7500ms);
  EXPECT_EQ(u.keepalive_pool, (KeepalivePool{5, 0ms, 1000}));
  EXPECT_EQ(u.checks->active->path, "/");
  EXPECT_EQ(json::print(u.tls), R"({"client_cert_id":1,"verify":false})");
}

TEST(Upstream, DiscoveryStandsInForNodes) {
  Upstream u = upstream(R"({"service_name":"s","discovery_type":"dns","discovery_args":{"group_name":"g"}})");
  EXPECT_EQ(u.service_name, "s");
  EXPECT_EQ(u.discovery_type, "dns");
  EXPECT_EQ(u.discovery_args.string_or("group_name", ""), "g");
}

TEST(Nodes, AMapKeepsItsOrderAndFillsPorts) {
  Upstream u = upstream(R"({"scheme":"grpcs","nodes":{"z.com:8080":2,"a.com":0,"10.0.0.1:1":3}})");
  EXPECT_THAT(u.nodes, ElementsAre(Node{"z.com", 8080, 2, 0}, Node{"a.com", 443, 0, 0}, Node{"10.0.0.1", 1, 3, 0}));
}

TEST(Nodes, AListHasPriorities) {
  Upstream u = upstream(R"({"nodes":[{"host":"a.com","port":8080,"weight":1,"priority":-1},
                                     {"host":"[::1]","weight":2}]})");
  EXPECT_THAT(u.nodes, ElementsAre(Node{"a.com", 8080, 1, -1}, Node{"::1", 80, 2, 0}));
}

TEST(Nodes, SchemesWithoutADefaultPortLeaveItOpen) {
  EXPECT_EQ(upstream(R"({"scheme":"tcp","nodes":{"a.com":1}})").nodes.at(0).port, 0);
  EXPECT_EQ(default_port(Scheme::kHttps), 443);
  EXPECT_EQ(default_port(Scheme::kUdp), std::nullopt);
  EXPECT_EQ(name_of(Scheme::kGrpc), "grpc");
}

TEST(NodeAddress, EveryFormIsRead) {
  EXPECT_EQ(node_from_address("a.com:80").value(), (Node{"a.com", 80}));
  EXPECT_EQ(node_from_address("a.com").value(), (Node{"a.com", 0}));
  EXPECT_EQ(node_from_address("[2001:db8::1]:8080").value(), (Node{"2001:db8::1", 8080}));
  EXPECT_EQ(node_from_address("[::1]").value(), (Node{"::1", 0}));
  EXPECT_EQ(node_from_address("::ffff:10.0.0.1").value(), (Node{"::ffff:10.0.0.1", 0}));
}

TEST(NodeAddress, ErrorsQuoteIt) {
  EXPECT_EQ(address_error("a.com:http"),
            "invalid port http in node \"a.com:http\"; write \"host:port\", an IPv6 host in brackets");
  for (std::string_view bad : {":80", "", "a.com:", "[::1", "[a.com]:80", "[::1]80", "a.com:80:90", "[::1]:65536"}) {
    EXPECT_THAT(address_error(bad), HasSubstr("in node \"" + std::string(bad) + "\"")) << bad;
  }
}

TEST(Timeouts, AreWholeMillisecondsAndNeverZero) {
  auto read = [](double seconds) {
    return timeouts_from(json::Object{{"timeout", json::Object{{"read", seconds}}}})->read;
  };
  EXPECT_EQ(read(0.25), 250ms);
  EXPECT_EQ(read(1e-9), 1ms);
  EXPECT_EQ(read(1e300), 365 * 24h);
  EXPECT_FALSE(timeouts_from(json::Object{}));
}

TEST(Upstream, SpeaksHttp2WhereItSaysSo) {
  EXPECT_FALSE(upstream(R"({"nodes":{"a:80":1}})").speaks_http2);
  EXPECT_FALSE(upstream(R"({"nodes":{"a:80":1},"http_version":"1.1"})").speaks_http2);
  EXPECT_TRUE(upstream(R"({"nodes":{"a:80":1},"http_version":"2"})").speaks_http2);
}

}  // namespace
}  // namespace sallyport::resources
