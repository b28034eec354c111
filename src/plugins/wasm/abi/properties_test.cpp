#include "plugins/wasm/abi/abi_fixture.h"
#include "plugins/wasm/pairs.h"

#include <array>

namespace sallyport::wasm::abi {
namespace {

using namespace std::string_view_literals;

class Properties : public AbiFixture {
 protected:
  std::shared_ptr<const WasmPlugin> getter(std::string_view path, At at = At::kRequest) {
    return plugin(call_module("proxy_get_property", numbers(100, path.size(), 16, 20), data(100, path), {.at = at}));
  }
  std::string text_of(std::string_view path, At at = At::kRequest) {
    PluginRun run(getter(path, at), "/a/b?q=1", "POST");
    prepare(run);
    GuestImage image = call(run);
    return image.status() == Status::kOk ? std::string(image.text(16)) : "(none)";
  }
  std::uint64_t number_of(std::string_view path, At at = At::kRequest) {
    std::string bytes = text_of(path, at);
    std::uint64_t number = 0;
    EXPECT_EQ(bytes.size(), sizeof(number)) << path;
    if (bytes.size() == sizeof(number)) std::memcpy(&number, bytes.data(), sizeof(number));
    return number;
  }
  static void prepare(PluginRun& run) {
    run.header("Host", "example.com").header("User-Agent", "curl").header("X-One", "1").header("x-one", "2");
    exchange::Exchange& exchange = run.exchange;
    exchange.request.authority = "example.com";
    exchange.request.body = http::BodyLength::sized(12);
    exchange.client = {"192.0.2.1", 1234};
    exchange.local = {"2001:db8::1", 80};
    exchange.connection_id = 77;
    exchange.matched.route_id = "r1";
    exchange.matched.service_name = "the-service";
    exchange.matched.host = "*.example.com";
    exchange.tries = 2;
    exchange.response.headers.add("grpc-status", "14");
    exchange.response_body_bytes = 34;
    exchange.response_bytes = 100;
    auto& trailers = run.arena.make<http::Headers>(run.arena);
    trailers.add("x-sum", "4");
    exchange.response_trailers = &trailers;
    exchange.endpoint.address = "192.0.2.9:8080";
    exchange.endpoint.port = 8080;
    exchange.timing.upstream_header = std::chrono::milliseconds(3);
  }
};

TEST_F(Properties, TextsOfTheRequestComeAsTheyAre) {
  EXPECT_EQ(text_of("request\0path"sv), "/a/b?q=1");
  EXPECT_EQ(text_of("request\0url_path"sv), "/a/b");
  EXPECT_EQ(text_of("request\0query"sv), "q=1");
  EXPECT_EQ(text_of("request\0method"sv), "POST");
  EXPECT_EQ(text_of("request\0host"sv), "example.com");
  EXPECT_EQ(text_of("request\0scheme"sv), "http");
  EXPECT_EQ(text_of("request\0protocol"sv), "HTTP/1.1");
  EXPECT_EQ(text_of("request\0useragent"sv), "curl");
  EXPECT_EQ(text_of("request\0referer"sv), "(none)");
}

TEST_F(Properties, WhatOnlySomeRequestsHaveIsToldOfThose) {
  PluginRun referred(getter("request\0referer"sv));
  referred.header("Referer", "https://example.com/");
  EXPECT_EQ(call(referred).text(16), "https://example.com/");
  for (auto [version, name] : {std::pair{http::Version::kHttp10, "HTTP/1.0"}, {http::Version::kHttp2, "HTTP/2"}}) {
    PluginRun run(getter("request\0protocol"sv));
    run.exchange.request.version = version;
    EXPECT_EQ(call(run).text(16), name);
  }
}

TEST_F(Properties, WhatOnlyTheEndKnowsIsToldInTheLog) {
  PluginRun whole(getter("request\0duration"sv, At::kLog));
  whole.clock.advance(std::chrono::milliseconds(7));
  EXPECT_EQ(call_at_log(whole).text(16), std::string_view("\xc0\xcf\x6a\0\0\0\0\0", 8));

  constexpr std::string_view kDetails = "connection\0termination_details"sv;
  PluginRun broken(getter(kDetails, At::kLog));
  broken.exchange.broken_off = true;
  broken.exchange.reason = "client_closed";
  EXPECT_EQ(call_at_log(broken).text(16), "client_closed");
  PluginRun ended(getter(kDetails, At::kLog));
  EXPECT_EQ(call_at_log(ended).status(), Status::kNotFound);
}

// Of the reference, and without a like here: docs/wasm.md says why. And what is known later only.
TEST_F(Properties, WhatNothingIsKnownOfIsNotFound) {
  for (std::string_view path : {"metadata"sv,
                                "metadata\0filter_metadata\0x\0y"sv,
                                "filter_state"sv,
                                "filter_state\0x"sv,
                                "upstream_filter_state"sv,
                                "upstream\0locality"sv,
                                "connection\0transport_failure_reason"sv,
                                "xds\0node"sv,
                                "xds\0node\0id"sv,
                                "xds\0cluster_metadata"sv,
                                "xds\0route_metadata"sv,
                                "xds\0virtual_host_metadata"sv,
                                "xds\0upstream_host_metadata"sv,
                                "xds\0upstream_host_locality_metadata"sv,
                                "xds\0filter_chain_name"sv,
                                "xds\0listener_metadata"sv,
                                "node"sv,
                                "node\0id"sv,
                                "cluster_metadata"sv,
                                "route_metadata"sv,
                                "listener_metadata"sv,
                                "upstream_host_metadata"sv}) {
    EXPECT_EQ(text_of(path), "(none)") << path;
    EXPECT_EQ(text_of(path, At::kResponse), "(none)") << path;
    PluginRun run(getter(path, At::kLog));
    EXPECT_EQ(call_at_log(run).status(), Status::kNotFound) << path;
  }
  for (std::string_view path : {"upstream\0address"sv, "upstream\0port"sv, "response\0trailers"sv,
                                "response\0trailers\0x-sum"sv, "response\0headers\0x"sv, "response\0code"sv}) {
    PluginRun run(getter(path));
    EXPECT_EQ(call(run).status(), Status::kNotFound) << path;
  }
}

TEST_F(Properties, OneNulAtTheEndOfAPathDoesNotMatter) {
  EXPECT_EQ(text_of("request\0method\0"sv), "POST");
  EXPECT_EQ(text_of("request\0method\0\0"sv), "(none)");
}

TEST_F(Properties, NumbersAreEightBytes) {
  EXPECT_EQ(number_of("request\0size"sv), 12u);
  const auto time = std::chrono::nanoseconds(FakeClock().wall().time_since_epoch()).count();
  EXPECT_EQ(number_of("request\0time"sv), static_cast<std::uint64_t>(time));
  EXPECT_EQ(number_of("source\0port"sv), 1234u);
  EXPECT_EQ(number_of("connection\0id"sv), 77u);
  EXPECT_EQ(number_of("connection_id"), 77u);
  EXPECT_EQ(number_of("upstream\0port"sv), 8080u);
  EXPECT_EQ(number_of("listener_direction"), 1u);
  EXPECT_EQ(number_of("response\0code"sv, At::kResponse), 200u);
  EXPECT_EQ(number_of("response\0backend_latency"sv, At::kResponse), 3'000'000u);
}

TEST_F(Properties, SizesAreOfTheHeadAndTheBodyOrWhatCameOfIt) {
  const std::size_t of_head = std::string_view("Hostexample.comUser-AgentcurlX-One1x-one2").size();
  EXPECT_EQ(number_of("request\0headers_bytes"sv), of_head);
  EXPECT_EQ(number_of("request\0total_size"sv), of_head);
  EXPECT_EQ(number_of("response\0size"sv, At::kResponse), 34u);
  EXPECT_EQ(number_of("response\0total_size"sv, At::kResponse), 100u);
  EXPECT_EQ(number_of("destination\0port"sv), 80u);
  EXPECT_EQ(number_of("upstream\0request_attempt_count"sv), 2u);
}

TEST_F(Properties, TheResponseTellsItsOutcome) {
  EXPECT_EQ(text_of("response\0code_details"sv, At::kResponse), "via_upstream");
  EXPECT_EQ(number_of("response\0flags"sv, At::kResponse), 0u);
  EXPECT_EQ(number_of("response\0grpc_status"sv, At::kResponse), 14u);
  EXPECT_EQ(text_of("response\0headers\0grpc-status"sv, At::kResponse), "14");
  auto headers = read_pairs(text_of("response\0headers"sv, At::kResponse));
  ASSERT_TRUE(headers);
  EXPECT_EQ(headers->size(), 1u);
  EXPECT_EQ(text_of("response\0trailers\0x-sum"sv, At::kResponse), "4");
  auto trailers = read_pairs(text_of("response\0trailers"sv, At::kResponse));
  ASSERT_TRUE(trailers);
  EXPECT_EQ(trailers->size(), 1u);
  for (std::string_view path : {"response\0code_details"sv, "response\0flags"sv, "response\0grpc_status"sv,
                                "response\0headers"sv, "response\0size"sv, "response\0total_size"sv}) {
    EXPECT_EQ(text_of(path), "(none)") << path;
  }
}

TEST_F(Properties, TheStatusOfGrpcStandsInTheTrailersOrInTheHead) {
  PluginRun run(getter("response\0grpc_status"sv, At::kResponse));
  run.exchange.response.headers.add("grpc-status", "14");
  auto& trailers = run.arena.make<http::Headers>(run.arena);
  trailers.add("Grpc-Status", "5");
  run.exchange.response_trailers = &trailers;
  EXPECT_EQ(call(run).text(16), "\5\0\0\0\0\0\0\0"sv);

  PluginRun odd(getter("response\0grpc_status"sv, At::kResponse));
  odd.exchange.response.headers.add("grpc-status", "none");
  EXPECT_EQ(call(odd).status(), Status::kNotFound);
}

TEST_F(Properties, FlagsTellWhyTheGatewayAnswered) {
  auto told = [this](std::string_view reason) {
    PluginRun run(getter("response\0flags"sv, At::kResponse));
    run.exchange.reason = reason;
    GuestImage image = call(run);
    return image.status() == Status::kOk ? std::string(image.text(16)) : "(none)";
  };
  EXPECT_EQ(told("upstream_refused"), "\x20\0\0\0\0\0\0\0"sv);
  EXPECT_EQ(told("internal"), "(none)");
}

TEST_F(Properties, WhatMatchedIsNamedInTheOldWayAndTheNew) {
  EXPECT_EQ(text_of("route_name"), "r1");
  EXPECT_EQ(text_of("xds\0route_name"sv), "r1");
  EXPECT_EQ(text_of("cluster_name"), "(none)");
  EXPECT_EQ(text_of("xds\0virtual_host_name"sv), "*.example.com");
  EXPECT_EQ(number_of("xds\0listener_direction"sv), 1u);
  EXPECT_EQ(text_of("request\0id"sv), "(none)");
  PluginRun run(getter("request\0id"sv));
  run.header("X-Request-Id", "abc");
  EXPECT_EQ(call(run).text(16), "abc");
}

TEST_F(Properties, TheTlsOfTheClientIsThatOfItsHandshake) {
  constexpr std::array kPaths{"connection\0mtls"sv, "connection\0tls_version"sv, "connection\0requested_server_name"sv,
                              "connection\0subject_peer_certificate"sv};
  auto told = [this](std::string_view path, const exchange::ClientTls* tls) -> std::string {
    PluginRun run(getter(path));
    run.exchange.tls = tls;
    GuestImage image = call(run);
    return image.status() == Status::kOk ? std::string(image.text(16)) : "(none)";
  };
  auto all = [&](const exchange::ClientTls* tls) {
    std::vector<std::string> values;
    values.reserve(kPaths.size());
    for (std::string_view path : kPaths) values.push_back(told(path, tls));
    return values;
  };
  using Values = std::vector<std::string>;
  EXPECT_EQ(all(nullptr), (Values{std::string(1, '\0'), "(none)", "(none)", "(none)"}));
  exchange::ClientTls tls;
  tls.protocol = "TLSv1.3";
  tls.server_name = "example.com";
  EXPECT_EQ(all(&tls), (Values{std::string(1, '\0'), "TLSv1.3", "example.com", "(none)"}));
  tls.subject = "CN=me";
  EXPECT_EQ(all(&tls), (Values{"\1", "TLSv1.3", "example.com", "CN=me"}));
}

TEST_F(Properties, AddressesHaveTheirPort) {
  EXPECT_EQ(text_of("source\0address"sv), "192.0.2.1:1234");
  EXPECT_EQ(text_of("destination\0address"sv), "[2001:db8::1]:80");
  EXPECT_EQ(text_of("upstream\0address"sv), "192.0.2.9:8080");
}

TEST_F(Properties, HeadersAreAMapOrOneValueJoinedByCommas) {
  EXPECT_EQ(text_of("request\0headers\0x-one"sv), "1,2");
  EXPECT_EQ(text_of("request\0headers\0x-none"sv), "(none)");
  auto pairs = read_pairs(text_of("request\0headers"sv));
  ASSERT_TRUE(pairs);
  EXPECT_EQ(pairs->size(), 4u);
}

TEST_F(Properties, TheResponseHasNoneBeforeItArrives) {
  EXPECT_EQ(text_of("response\0code"sv), "(none)");
  EXPECT_EQ(text_of("request\0duration"sv), "(none)");
}

TEST_F(Properties, PluginsKnowThemselves) {
  EXPECT_EQ(text_of("plugin_name"), "test");
  EXPECT_EQ(text_of("plugin_root_id"), "root");
  EXPECT_EQ(text_of("plugin_vm_id"), "test");
}

TEST_F(Properties, WhatIsNotKnownIsAVariableOfTheGateway) {
  EXPECT_EQ(text_of("remote_addr"), "192.0.2.1");
  EXPECT_EQ(text_of("arg_q"), "1");
  EXPECT_EQ(text_of("http_user_agent"), "curl");
  EXPECT_EQ(text_of("route_id"), "r1");
  EXPECT_EQ(text_of("no_such_variable"), "(none)");
  EXPECT_EQ(text_of(""), "(none)");
}

TEST_F(Properties, DotsMayDivideAPath) {
  EXPECT_EQ(text_of("request.method"), "POST");
  EXPECT_EQ(text_of("request.nothing"), "(none)");
}

TEST_F(Properties, DotsMayDivideAPathThatWasSet) {
  auto told = [this](std::string_view set, std::string_view path) {
    PluginRun run(getter(path));
    run.exchange.set_property("a.b.c", "another");
    run.exchange.set_property(set, "value");
    GuestImage image = call(run);
    return image.status() == Status::kOk ? std::string(image.text(16)) : "(none)";
  };
  EXPECT_EQ(told("a\0c"sv, "a.c"), "value");
  EXPECT_EQ(told("a.c", "a\0c"sv), "value");
  EXPECT_EQ(told("x.y\0z"sv, "x\0y.z"sv), "value");
  EXPECT_EQ(told("a\0b\0c"sv, "a.b.c"), "another");  // of that very path
  EXPECT_EQ(told("a\0c"sv, "a.d"), "(none)");
  EXPECT_EQ(told("a\0c"sv, "ac"), "(none)");
}

TEST_F(Properties, WhatAPluginSetsOthersCanRead) {
  PluginRun run(
      plugin(call_module("proxy_set_property", numbers(100, 4, 200, 5), data(100, "a\0b\0"sv) + data(200, "value"))));
  EXPECT_EQ(call(run).status(), Status::kOk);
  EXPECT_EQ(run.exchange.property("a\0b"sv), "value");

  PluginRun reader(getter("mine"));
  reader.exchange.set_property("mine", "theirs");
  EXPECT_EQ(call(reader).text(16), "theirs");
}

TEST_F(Properties, BuiltInOnesCannotBeForged) {
  PluginRun run(getter("source\0address"sv));
  prepare(run);
  run.exchange.set_property("source\0address"sv, "10.0.0.1:1");
  EXPECT_EQ(call(run).text(16), "192.0.2.1:1234");
}

TEST_F(Properties, BuiltInOnesWithoutAValueCannotBeForgedEither) {
  for (std::string_view path : {"connection\0subject_peer_certificate"sv, "connection.subject_peer_certificate"sv,
                                "connection\0unknown"sv, "upstream.unknown"sv}) {
    PluginRun run(getter(path));
    run.exchange.set_property(path, "CN=mallory");
    run.exchange.set_property("connection.subject_peer_certificate", "CN=mallory");
    EXPECT_EQ(call(run).status(), Status::kNotFound) << path;
  }
}

// What the proxy would tell.
struct KnownUpstream final : exchange::UpstreamFacts {
  std::string_view name() const override { return "backend"; }
  std::size_t nodes() const override { return 3; }
  std::string local_address() const override { return "192.0.2.3:4444"; }
  std::string_view tls_version() const override { return "TLSv1.2"; }
  std::string certificate(exchange::Certificates::End end, exchange::Certificates::Text text) const override {
    return "upstream " + std::to_string(static_cast<int>(end)) + std::to_string(static_cast<int>(text));
  }
};
struct KnownCertificates final : exchange::Certificates {
  std::string text(End end, Text text) const override {
    return "client " + std::to_string(static_cast<int>(end)) + std::to_string(static_cast<int>(text));
  }
};

TEST_F(Properties, TheUpstreamAndTheCertificatesAreToldWhenTheyAreKnown) {
  const KnownUpstream upstream;
  const KnownCertificates certificates;
  exchange::ClientTls tls;
  tls.certificates = &certificates;
  struct Row {
    std::string_view path;
    std::string value;
  };
  for (const Row& row : std::vector<Row>{
           {"cluster_name", "backend"},
           {"xds\0cluster_name"sv, "backend"},
           {"upstream\0num_endpoints"sv, std::string("\3\0\0\0\0\0\0\0", 8)},
           {"upstream\0local_address"sv, "192.0.2.3:4444"},
           {"upstream\0tls_version"sv, "TLSv1.2"},
           {"upstream\0transport_failure_reason"sv, "Connection refused"},
           {"upstream\0cx_pool_ready_duration"sv, std::string("\7\0\0\0\0\0\0\0", 8)},
           {"upstream\0subject_local_certificate"sv, "upstream 00"},
           {"upstream\0dns_san_local_certificate"sv, "upstream 01"},
           {"upstream\0uri_san_local_certificate"sv, "upstream 02"},
           {"upstream\0subject_peer_certificate"sv, "upstream 10"},
           {"upstream\0dns_san_peer_certificate"sv, "upstream 11"},
           {"upstream\0uri_san_peer_certificate"sv, "upstream 12"},
           {"upstream\0sha256_peer_certificate_digest"sv, "upstream 13"},
           {"connection\0subject_local_certificate"sv, "client 00"},
           {"connection\0dns_san_local_certificate"sv, "client 01"},
           {"connection\0uri_san_local_certificate"sv, "client 02"},
           {"connection\0dns_san_peer_certificate"sv, "client 11"},
           {"connection\0uri_san_peer_certificate"sv, "client 12"},
           {"connection\0sha256_peer_certificate_digest"sv, "client 13"},
       }) {
    EXPECT_EQ(text_of(row.path), "(none)") << row.path;
    PluginRun run(getter(row.path));
    run.exchange.upstream = &upstream;
    run.exchange.tls = &tls;
    run.exchange.connect_failure = "Connection refused";
    run.exchange.timing.upstream_ready = std::chrono::nanoseconds(7);
    EXPECT_EQ(call(run).text(16), row.value) << row.path;
  }
}

}  // namespace
}  // namespace sallyport::wasm::abi
