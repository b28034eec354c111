#include "telemetry/exposition.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace sallyport::telemetry {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::Not;

std::string expose_all(const std::vector<const WorkerMetrics*>& workers, std::string_view prefix = "apisix_") {
  return expose(workers, {.hostname = "gate", .version = "0.1.0", .snapshot_revision = 7, .log_lines_dropped = 3},
                prefix);
}

RequestSample sample() {
  return {.labels = {.route = "1", .matched_uri = "/a", .matched_host = "a.com", .service = "s", .node = "10.0.0.1"},
          .status = 200,
          .source = ResponseSource::kUpstream,
          .total = milliseconds(12),
          .upstream = milliseconds(9),
          .received_bytes = 100,
          .sent_bytes = 250};
}

TEST(Exposition, ClientsThatWereCutStandWithTheirReasons) {
  WorkerMetrics first, second;
  first.client_cut(Cut::kBodyTooSlow);
  second.client_cut(Cut::kBodyTooSlow);
  second.client_cut(Cut::kAddressConnections);
  std::string text = expose_all({&first, &second});
  EXPECT_THAT(text, HasSubstr("# TYPE sallyport_clients_cut_total counter\n"));
  EXPECT_THAT(text, HasSubstr("sallyport_clients_cut_total{reason=\"body_too_slow\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("sallyport_clients_cut_total{reason=\"address_limit\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("sallyport_clients_cut_total{reason=\"connection_limit\"} 0\n"));
}

TEST(Exposition, EachWorkerHasItsConnections) {
  WorkerMetrics first, second;
  first.connection_opened(ConnectionState::kWaiting);
  first.connection_opened(ConnectionState::kReading);
  first.connection_handed_over();
  std::string text = expose_all({&first, &second});
  EXPECT_THAT(text, HasSubstr("sallyport_worker_connections{worker=\"0\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("sallyport_worker_connections{worker=\"1\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("sallyport_worker_connections_handed_over_total{worker=\"0\"} 1\n"));
}

TEST(Exposition, HandshakesStandWithVersionAndResult) {
  WorkerMetrics first, second;
  first.client_shook_hands(Handshake::kResumed13);
  second.client_shook_hands(Handshake::kResumed13);
  second.client_shook_hands(Handshake::kFailed);
  std::string text = expose_all({&first, &second});
  EXPECT_THAT(text, HasSubstr("sallyport_tls_handshakes_total{version=\"TLSv1.3\",result=\"resumed\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("sallyport_tls_handshakes_total{version=\"TLSv1.2\",result=\"full\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("sallyport_tls_handshakes_total{version=\"\",result=\"failed\"} 1\n"));
}

TEST(Exposition, AddsUpWhatAllWorkersCounted) {
  WorkerMetrics one;
  WorkerMetrics two;
  one.record(sample());
  two.record(sample());
  two.record(sample());
  std::string text = expose_all({&one, &two});
  EXPECT_THAT(text, HasSubstr("# TYPE apisix_http_status counter\n"
                              "apisix_http_status{code=\"200\",matched_uri=\"/a\",matched_host=\"a.com\",route=\"1\","
                              "service=\"s\",consumer=\"\",node=\"10.0.0.1\",request_type=\"traditional_http\","
                              "request_llm_model=\"\",llm_model=\"\",response_source=\"upstream\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("apisix_bandwidth{type=\"ingress\",route=\"1\",service=\"s\",consumer=\"\","
                              "node=\"10.0.0.1\",request_type=\"traditional_http\",request_llm_model=\"\","
                              "llm_model=\"\"} 300\n"));
  EXPECT_THAT(text, HasSubstr("apisix_http_requests_total 3\n"));
}

TEST(Exposition, BucketsAreCumulativeAndSumsAreMilliseconds) {
  WorkerMetrics metrics;
  metrics.record(sample());
  std::string text = expose_all({&metrics});
  const std::string labels =
      "{type=\"request\",route=\"1\",service=\"s\",consumer=\"\",node=\"10.0.0.1\","
      "request_type=\"traditional_http\",request_llm_model=\"\",llm_model=\"\"";
  EXPECT_THAT(text, HasSubstr("apisix_http_latency_bucket" + labels + ",le=\"10\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("apisix_http_latency_bucket" + labels + ",le=\"20\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("apisix_http_latency_bucket" + labels + ",le=\"+Inf\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("apisix_http_latency_sum" + labels + "} 12\n"));
  EXPECT_THAT(text, HasSubstr("apisix_http_latency_count" + labels + "} 1\n"));
}

TEST(Exposition, NodesThatAreCheckedHaveAStatus) {
  EXPECT_THAT(expose_all({}), Not(HasSubstr("upstream_status")));
  ProcessFacts facts{.hostname = "gate", .version = "0.1.0"};
  facts.nodes = {{"/apisix/upstreams/1", "10.0.0.1", 80, true}, {"/apisix/upstreams/1", "10.0.0.2", 80, false}};
  const std::string text = expose({}, facts, "apisix_");
  EXPECT_THAT(text, HasSubstr("# TYPE apisix_upstream_status gauge\n"
                              "apisix_upstream_status{name=\"/apisix/upstreams/1\",ip=\"10.0.0.1\",port=\"80\"} 1\n"
                              "apisix_upstream_status{name=\"/apisix/upstreams/1\",ip=\"10.0.0.2\",port=\"80\"} 0\n"));
}

TEST(Exposition, ShowsHowOldStaplesAre) {
  EXPECT_THAT(expose_all({}), Not(HasSubstr("ocsp")));
  ProcessFacts facts{.hostname = "gate", .version = "0.1.0"};
  facts.staples = {{"CN=a", "1f", "http://o", 2.5, 60, 0}, {"CN=b", "2f", "http://o", {}, 0, 3}};
  const std::string text = expose({}, facts, "apisix_");
  const std::string a = "{certificate=\"CN=a\",fingerprint=\"1f\",responder=\"http://o\"} ";
  const std::string b = "{certificate=\"CN=b\",fingerprint=\"2f\",responder=\"http://o\"} ";
  EXPECT_THAT(text, HasSubstr("gauge\nsallyport_ocsp_staple_age_seconds" + a + "2.5\n# HELP"));
  EXPECT_THAT(text, HasSubstr("sallyport_ocsp_staple_left_seconds" + a + "60\n"));
  EXPECT_THAT(text, HasSubstr("sallyport_ocsp_staple_left_seconds" + b + "0\n"));
  EXPECT_THAT(text, HasSubstr("sallyport_ocsp_failures" + b + "3\n"));
}

TEST(Exposition, LatencyOfARouteAddsUpOverItsUris) {
  WorkerMetrics metrics;
  auto other = sample();
  other.labels.matched_uri = "/b";
  metrics.record(sample());
  metrics.record(other);
  EXPECT_THAT(
      expose_all({&metrics}),
      HasSubstr("apisix_http_latency_count{type=\"upstream\",route=\"1\",service=\"s\",consumer=\"\","
                "node=\"10.0.0.1\",request_type=\"traditional_http\",request_llm_model=\"\",llm_model=\"\"} 2\n"));
}

TEST(Exposition, ShowsConnectionsAndTheProcess) {
  WorkerMetrics metrics;
  metrics.connection_opened(ConnectionState::kReading);
  metrics.connection_moved(ConnectionState::kReading, ConnectionState::kWaiting);
  std::string text = expose_all({&metrics});
  EXPECT_THAT(text, HasSubstr("apisix_nginx_http_current_connections{state=\"active\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("apisix_nginx_http_current_connections{state=\"waiting\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("apisix_nginx_http_current_connections{state=\"reading\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("apisix_node_info{hostname=\"gate\",version=\"0.1.0\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("sallyport_snapshot_revision 7\n"));
  EXPECT_THAT(text, HasSubstr("sallyport_log_lines_dropped_total 3\n"));
  EXPECT_THAT(text, testing::ContainsRegex("sallyport_resident_memory_bytes [1-9][0-9]+\n"));
}

TEST(Exposition, ThePrefixOfTheFieldsNamesCanBeChosen) {
  WorkerMetrics metrics;
  EXPECT_THAT(expose_all({&metrics}, "edge_"), HasSubstr("\nedge_http_requests_total 0\n"));
}

TEST(Exposition, LabelValuesAreEscaped) {
  std::string out;
  append_label_value(out, "a\"b\\c\nd");
  EXPECT_EQ(out, R"(a\"b\\c\nd)");
}

}  // namespace
}  // namespace sallyport::telemetry
