#include "telemetry/metrics.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>

namespace sallyport::telemetry {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

RequestSample sample(std::string_view route, int status) {
  return {.labels = {.route = route, .matched_uri = "/a/*", .node = "127.0.0.1"},
          .status = status,
          .source = ResponseSource::kUpstream,
          .total = milliseconds(3),
          .upstream = milliseconds(1),
          .received_bytes = 10,
          .sent_bytes = 20};
}

std::uint64_t requests_of(const WorkerMetrics& metrics, std::string_view route, int status) {
  std::uint64_t sum = 0;
  metrics.series().for_each([&](const Series& series) {
    if (series.labels.route != route) return;
    series.statuses.for_each([&](int code, ResponseSource, std::uint64_t count) { sum += code == status ? count : 0; });
  });
  return sum;
}

TEST(Histogram, ADurationLandsInTheFirstBucketWhoseBoundItDoesNotExceed) {
  Histogram histogram;
  histogram.record(nanoseconds(0));
  histogram.record(milliseconds(1));
  histogram.record(milliseconds(1) + nanoseconds(1));
  histogram.record(milliseconds(60'000));
  histogram.record(milliseconds(60'001));
  histogram.record(std::chrono::hours(24 * 365));
  histogram.record(nanoseconds(-5));
  EXPECT_EQ(histogram.in_bucket(0), 3u);
  EXPECT_EQ(histogram.in_bucket(1), 1u);
  EXPECT_EQ(histogram.in_bucket(kLatencyBounds.size() - 1), 1u);
  EXPECT_EQ(histogram.in_bucket(kLatencyBounds.size()), 2u);
}

TEST(WorkerMetrics, RequestsAreCountedByLabelsAndStatus) {
  WorkerMetrics metrics;
  metrics.record(sample("r1", 200));
  metrics.record(sample("r1", 200));
  metrics.record(sample("r1", 404));
  metrics.record(sample("r2", 200));
  EXPECT_EQ(metrics.requests(), 4u);
  EXPECT_EQ(requests_of(metrics, "r1", 200), 2u);
  EXPECT_EQ(requests_of(metrics, "r1", 404), 1u);
  EXPECT_EQ(requests_of(metrics, "r2", 200), 1u);
}

TEST(WorkerMetrics, LabelsMayLieInMemoryThatChangesAfterwards) {
  WorkerMetrics metrics;
  std::string route = "route-0001";
  metrics.record(sample(route, 200));
  route.replace(6, 4, "0002");
  metrics.record(sample(route, 200));
  EXPECT_EQ(requests_of(metrics, "route-0001", 200), 1u);
  EXPECT_EQ(requests_of(metrics, "route-0002", 200), 1u);
}

TEST(WorkerMetrics, EveryStatusHasItsOwnCount) {
  WorkerMetrics metrics;
  for (int status = 100; status < 600; ++status) {
    metrics.record(sample("r", status));
    metrics.record(sample("r", status));
  }
  for (int status = 100; status < 600; ++status) EXPECT_EQ(requests_of(metrics, "r", status), 2u) << status;
}

TEST(WorkerMetrics, TheTimeOfTheGatewayIsWhatTheUpstreamDidNotTake) {
  WorkerMetrics metrics;
  metrics.record(sample("r", 200));
  auto refused = sample("r", 403);
  refused.upstream = nanoseconds(-1);
  metrics.record(refused);
  metrics.series().for_each([](const Series& series) {
    EXPECT_EQ(series.request.nanoseconds(), 6'000'000u);
    EXPECT_EQ(series.upstream.nanoseconds(), 1'000'000u);
    EXPECT_EQ(series.gateway.nanoseconds(), 5'000'000u);
    EXPECT_EQ(series.ingress_bytes.value(), 20u);
    EXPECT_EQ(series.egress_bytes.value(), 40u);
  });
}

TEST(WorkerMetrics, ConnectionsAreCountedByWhatTheyDo) {
  WorkerMetrics metrics;
  metrics.connection_opened(ConnectionState::kReading);
  metrics.connection_opened(ConnectionState::kReading);
  metrics.connection_moved(ConnectionState::kReading, ConnectionState::kWriting);
  metrics.connection_closed(ConnectionState::kWriting);
  EXPECT_EQ(metrics.connections_accepted(), 2u);
  EXPECT_EQ(metrics.connections_in(ConnectionState::kReading), 1u);
  EXPECT_EQ(metrics.connections_in(ConnectionState::kWriting), 0u);
}

TEST(SeriesTable, KeepsManySeriesApart) {
  SeriesTable table;
  for (int i = 0; i < 5000; ++i) {
    std::string route = "team-" + std::to_string(i) + "-orders";
    table.find_or_add({.route = route, .node = "10.0.0.1"}).ingress_bytes.add(static_cast<std::uint64_t>(i));
  }
  EXPECT_EQ(table.find_or_add({.route = "team-4711-orders", .node = "10.0.0.1"}).ingress_bytes.value(), 4711u);
  EXPECT_EQ(table.find_or_add({.route = "team-4711-orders", .service = "10.0.0.1"}).ingress_bytes.value(), 0u);
}

TEST(SeriesTable, BeyondItsLimitCountsUnderOther) {
  SeriesTable table(2);
  table.find_or_add({.route = "a"});
  table.find_or_add({.route = "b"});
  Series& c = table.find_or_add({.route = "c"});
  EXPECT_EQ(c.labels.route, "other");
  EXPECT_EQ(&table.find_or_add({.route = "d"}), &c);
  EXPECT_EQ(table.find_or_add({.route = "b"}).labels.route, "b");
}

TEST(WorkerMetricsConcurrency, AReaderSeesOnlyCompleteSeriesWhileTheWorkerAddsThem) {
  WorkerMetrics metrics;
  std::atomic<bool> done = false;
  std::thread worker([&] {
    for (int i = 0; i < 20'000; ++i) metrics.record(sample("route-" + std::to_string(i % 500), 100 + i % 300));
    done = true;
  });
  std::uint64_t seen = 0;
  while (!done) {
    std::uint64_t sum = 0;
    metrics.series().for_each([&](const Series& series) {
      ASSERT_TRUE(series.labels.route.starts_with("route-"));
      series.statuses.for_each([&](int status, ResponseSource, std::uint64_t count) {
        ASSERT_GE(status, 100);
        sum += count;
      });
    });
    ASSERT_GE(sum, seen);
    seen = sum;
  }
  worker.join();
  EXPECT_EQ(metrics.requests(), 20'000u);
}

}  // namespace
}  // namespace sallyport::telemetry
