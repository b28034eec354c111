#pragma once
// The series of one worker: numbers by the labels of a request, found by hash without formatting anything.
// One thread finds and adds; others may walk `for_each` meanwhile. Series are never removed before the table ends.

#include "telemetry/instruments.h"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::telemetry {

// Who made a response.
enum class ResponseSource : std::uint8_t { kGateway, kPlugin, kUpstream };

// What tells requests apart; empty where there is none. All but `node` comes from the configuration, so that clients
// cannot make series.
struct SeriesLabels {
  std::string_view route;
  std::string_view matched_uri;
  std::string_view matched_host;
  std::string_view service;
  std::string_view consumer;
  std::string_view node;  // address of the upstream's node
  friend bool operator==(const SeriesLabels&, const SeriesLabels&) = default;
};

// How often each (status, source) was the answer.
class StatusCounts final {
 public:
  StatusCounts() = default;
  StatusCounts(const StatusCounts&) = delete;
  StatusCounts& operator=(const StatusCounts&) = delete;

  void add(int status, ResponseSource source);

  template <class Visit>  // (int status, ResponseSource, std::uint64_t count)
  void for_each(Visit visit) const {
    for (const Block* block = &first_; block; block = block->next.load(std::memory_order_acquire)) {
      for (const Slot& slot : block->slots) {
        auto key = slot.key.load(std::memory_order_acquire);
        if (key == 0) return;
        visit(static_cast<int>(key >> 8), static_cast<ResponseSource>(key & 0xff), slot.count.value());
      }
    }
  }

 private:
  struct Slot {
    std::atomic<std::uint32_t> key{0};  // status << 8 | source; 0: free, and so are all after it
    Counter count;
  };
  struct Block {
    std::array<Slot, 6> slots;
    std::atomic<Block*> next{nullptr};
  };
  Block first_;
  std::vector<std::unique_ptr<Block>> more_;
};

struct Series {
  explicit Series(const SeriesLabels& from);
  Series(const Series&) = delete;
  Series& operator=(const Series&) = delete;

  SeriesLabels labels;  // views into `text`
  std::unique_ptr<char[]> text;
  StatusCounts statuses;
  Histogram request;   // start of the request to the end of the response
  Histogram upstream;  // thereof spent on the upstream
  Histogram gateway;   // thereof spent in the gateway
  Counter ingress_bytes;
  Counter egress_bytes;
};

class SeriesTable final {
 public:
  // With more than `most` label sets, those that come later are counted together, under the route "other".
  explicit SeriesTable(std::size_t most = 20'000);
  SeriesTable(const SeriesTable&) = delete;
  SeriesTable& operator=(const SeriesTable&) = delete;
  ~SeriesTable();

  Series& find_or_add(const SeriesLabels& labels);

  template <class Visit>  // (const Series&)
  void for_each(Visit visit) const {
    for (const Link* link = newest_.load(std::memory_order_acquire); link; link = link->next) visit(link->series);
  }

 private:
  struct Link {
    explicit Link(const SeriesLabels& labels) : series(labels) {}
    Series series;
    Link* next = nullptr;
  };
  struct Entry {
    std::uint64_t hash = 0;
    Series* series = nullptr;
  };

  Series& look_up_or_add(const SeriesLabels& labels);
  Series& add(const SeriesLabels& labels, std::uint64_t hash);
  Series& publish(const SeriesLabels& labels);
  void grow();

  std::size_t most_;
  std::size_t size_ = 0;
  std::vector<Entry> entries_;  // open addressing, linear probing, a power of two
  std::atomic<Link*> newest_{nullptr};
  Series* other_ = nullptr;
  Series* last_ = nullptr;  // found or added: requests of one route often follow each other
};

}  // namespace sallyport::telemetry
