#pragma once
// The two ends of a connection that exists in a simulation only: bytes arrive late and in pieces of any size, the
// kernel takes as much as it has room for, either end may stop or break the connection, and so may the network. Unread
// bytes move to new memory with every fill and consume, so that a sanitizer sees a view that was kept too long. No part
// of the product.

#include "async/outgoing_pieces.h"
#include "async/simulated_loop_fixture.h"
#include "async/stream.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sallyport::async {

// How a connection behaves. What `anyhow` gives is within what TCP allows.
struct SimulatedManners {
  bool sends_later = false;             // as with io_uring: no send is complete at once
  std::size_t room = 1 << 18;           // bytes on the way and unread, in each direction
  std::size_t most_at_once = 1 << 16;   // bytes that arrive together ...
  std::size_t first_bytes_at_once = 0;  // ... of the first thousand; 0: as the others
  std::size_t shortest_way = 20;        // microseconds
  std::size_t longest_way = 200;
  bool merges_end = false;  // bytes and the end behind them are seen together

  static SimulatedManners anyhow(SeededChance& chance) {
    SimulatedManners manners;
    manners.sends_later = chance.one_in(2);
    manners.room = chance.of<std::size_t>({700, 4'096, 16'384, 65'536, 1 << 18});
    manners.most_at_once = chance.of<std::size_t>({200, 1'448, 16'384, 1 << 16});
    manners.first_bytes_at_once = chance.of<std::size_t>({0, 0, 1, 3, 40, 200});
    manners.longest_way = chance.of<std::size_t>({50, 200, 3'000, 40'000});
    manners.merges_end = chance.one_in(2);
    return manners;
  }
};

class SimulatedStream;

// The connection; it lives until its last event.
class SimulatedLink : public std::enable_shared_from_this<SimulatedLink> {
 public:
  SimulatedLink(SimulatedLoop& its_loop, std::uint64_t its_id, SimulatedManners its_manners)
      : loop(its_loop), id(its_id), manners(its_manners) {}

  std::pair<StreamPtr, StreamPtr> ends();

  // What is under way to one end, and what the kernel has of it there.
  struct Way {
    struct Piece {
      SteadyTime at;
      std::string bytes;
      bool is_end = false;
      bool is_break = false;
    };
    std::deque<Piece> pieces;
    std::string arrived;
    std::size_t under_way = 0;
    std::size_t passed = 0;  // bytes that ever came
    bool ended = false;      // its end was sent
    bool end_came = false;
    bool broke = false;
    SimulatedStream* stream = nullptr;  // null: that end was closed
  };
  Way way[2];  // to each end
  SimulatedLoop& loop;
  const std::uint64_t id;
  const SimulatedManners manners;

  std::size_t room_towards(int end) const {
    const std::size_t used = way[end].under_way + way[end].arrived.size();
    return used >= manners.room ? 0 : manners.room - used;
  }
  void send_towards(int end, std::string_view bytes);
  void end_towards(int end);
  // What is on the way may be lost.
  void break_towards(int end);
  // The network loses the connection: both ends see it as broken.
  void break_both() {
    break_towards(0);
    break_towards(1);
  }
  void tell_room(int end);

 private:
  void put(int end, Way::Piece piece);
  void come(int end);
};

class SimulatedStream final : public Stream {
 public:
  SimulatedStream(std::shared_ptr<SimulatedLink> link, int end)
      : link_(std::move(link)), loop_(link_->loop), end_(end) {
    here().stream = this;
    ++loop_.streams;
  }
  ~SimulatedStream() override {
    --loop_.streams;
    here().stream = nullptr;
    loop_.note(breaks_ ? "closed with a break" : "closed", link_->id, static_cast<std::uint64_t>(end_));
    if (breaks_ || !here().arrived.empty()) {
      link_->break_towards(1 - end_);
    } else {
      link_->end_towards(1 - end_);
    }
    here().arrived.clear();
  }

  std::string_view unread() const override { return {unread_.data(), unread_.size()}; }
  void consume(std::size_t bytes) override {
    unread_ = std::vector<char>(unread_.begin() + static_cast<std::ptrdiff_t>(bytes), unread_.end());
  }
  void set_read_limit(std::size_t bytes) override { read_limit_ = bytes; }

  bool start_fill(IoOperation& operation, Milliseconds timeout) override {
    if (unread_.size() >= read_limit_) return operation.status = IoStatus::kFull, true;
    if (read(operation.status)) return true;
    fill_ = &operation;
    loop_.wheel.set(fill_timeout_, loop_.now(), timeout);
    return false;
  }
  bool start_send(IoOperation& operation, std::span<const std::string_view> pieces, Milliseconds timeout) override {
    sending_.start(pieces);
    if (sending_.are_sent()) return operation.status = IoStatus::kOk, true;
    if (!link_->manners.sends_later && write(operation.status)) return true;
    send_ = &operation;
    loop_.wheel.set(send_timeout_, loop_.now(), timeout);
    if (link_->manners.sends_later) try_later();
    return false;
  }
  void forget(IoOperation& operation) noexcept override {
    if (fill_ == &operation) {
      fill_ = nullptr;
      loop_.wheel.cancel(fill_timeout_);
    }
    if (send_ == &operation) {
      send_ = nullptr;
      loop_.wheel.cancel(send_timeout_);
    }
  }
  std::uint64_t sent_bytes() const noexcept override { return sent_bytes_; }
  void watch_hangup(HangupListener* listener) noexcept override { hangup_ = listener; }
  bool is_gone() const noexcept override { return here().end_came || here().broke; }
  bool is_quiet() const noexcept override { return !is_gone() && here().arrived.empty() && unread_.empty(); }
  void expire_fill() noexcept override {
    if (fill_) loop_.wheel.set(fill_timeout_, loop_.now(), Milliseconds(0));
  }
  void abort() noexcept override {
    aborted_ = true;
    link_->end_towards(1 - end_);
    loop_.at(loop_.now(), [link = link_, end = end_] {
      link->way[end].end_came = true;
      if (link->way[end].stream) link->way[end].stream->on_arrival();
    });
  }
  void break_at_end() noexcept override { breaks_ = true; }
  void shut_down_sending() noexcept override { link_->end_towards(1 - end_); }
  void release_buffers() noexcept override {}

  SimulatedLink& link() noexcept { return *link_; }

  // From the link. Each may destroy this stream.
  void on_arrival() {
    const std::shared_ptr<SimulatedLink> link = link_;
    const int end = end_;
    if (is_broken()) try_send();
    if (link->way[end].stream != this) return;
    IoStatus status;
    if (fill_) {
      if (read(status)) complete(fill_, fill_timeout_, status);
    } else if (is_gone() && hangup_) {
      loop_.note("hangup", link->id, static_cast<std::uint64_t>(end));
      std::exchange(hangup_, nullptr)->peer_gone();
    }
  }
  void try_send() {
    IoStatus status;
    if (send_ && write(status)) complete(send_, send_timeout_, status);
  }

 private:
  class Timeout final : public Deadline {
   public:
    Timeout(SimulatedStream& stream, IoOperation* SimulatedStream::* pending) : stream_(stream), pending_(pending) {}
    void expire() override {
      if (stream_.*pending_) stream_.complete(stream_.*pending_, *this, IoStatus::kTimeout);
    }

   private:
    SimulatedStream& stream_;
    IoOperation* SimulatedStream::* pending_;
  };

  SimulatedLink::Way& here() const noexcept { return link_->way[end_]; }
  bool is_broken() const noexcept { return here().broke || aborted_; }

  bool read(IoStatus& status) {
    std::string& arrived = here().arrived;
    if (!arrived.empty()) {
      const std::size_t most = std::min({arrived.size(), read_limit_, std::size_t{1} << 16});
      const std::size_t bytes = loop_.chance.one_in(3) ? loop_.chance.between(1, most) : most;
      std::vector<char> more(unread_);
      more.insert(more.end(), arrived.begin(), arrived.begin() + static_cast<std::ptrdiff_t>(bytes));
      unread_ = std::move(more);
      arrived.erase(0, bytes);
      link_->tell_room(end_);
      return status = IoStatus::kOk, true;
    }
    if (here().broke) return status = IoStatus::kReset, true;
    return status = IoStatus::kEnd, here().end_came;
  }

  // True: all sent or broken. False: it takes no more now.
  bool write(IoStatus& status) {
    if (is_broken() || link_->way[1 - end_].ended) return status = IoStatus::kReset, true;
    OutgoingPieces::Vectors pieces;
    const std::size_t count = sending_.describe(pieces);
    std::size_t room = link_->room_towards(1 - end_);
    const bool is_short = loop_.chance.one_in(8);
    if (is_short) room = std::min(room, loop_.chance.between(1, 2'000));
    std::string bytes;
    for (std::size_t i = 0; i < count; ++i) {
      bytes.append(static_cast<const char*>(pieces[i].iov_base), std::min(pieces[i].iov_len, room - bytes.size()));
    }
    link_->send_towards(1 - end_, bytes);
    sent_bytes_ += bytes.size();
    sending_.note_sent(bytes.size());
    if (sending_.are_sent()) return status = IoStatus::kOk, true;
    if (is_short) try_later();
    return false;
  }
  void try_later() {
    loop_.in(loop_.microseconds(0, 100), [link = link_, end = end_] {
      if (link->way[end].stream) link->way[end].stream->try_send();
    });
  }
  void complete(IoOperation*& pending, Deadline& deadline, IoStatus status) {
    loop_.wheel.cancel(deadline);
    loop_.note(&pending == &fill_ ? "fill" : "send", link_->id * 2 + static_cast<std::uint64_t>(end_),
               static_cast<std::uint64_t>(status));
    IoOperation* operation = std::exchange(pending, nullptr);
    operation->status = status;
    operation->waiting.resume();  // may destroy this stream
  }

  std::shared_ptr<SimulatedLink> link_;
  SimulatedLoop& loop_;
  const int end_;
  std::vector<char> unread_;
  std::size_t read_limit_ = 1 << 16;
  std::uint64_t sent_bytes_ = 0;
  OutgoingPieces sending_;
  bool aborted_ = false;
  bool breaks_ = false;
  IoOperation* fill_ = nullptr;
  IoOperation* send_ = nullptr;
  HangupListener* hangup_ = nullptr;
  Timeout fill_timeout_{*this, &SimulatedStream::fill_};
  Timeout send_timeout_{*this, &SimulatedStream::send_};
};

inline std::pair<StreamPtr, StreamPtr> SimulatedLink::ends() {
  auto self = shared_from_this();
  return {std::make_unique<SimulatedStream>(self, 0), std::make_unique<SimulatedStream>(self, 1)};
}

inline void SimulatedLink::put(int end, Way::Piece piece) {
  std::deque<Way::Piece>& pieces = way[end].pieces;
  piece.at = loop.now() + loop.microseconds(manners.shortest_way, manners.longest_way);
  if (!pieces.empty()) piece.at = std::max(piece.at, pieces.back().at);  // they stay in order
  loop.at(piece.at, [self = shared_from_this(), end] { self->come(end); });
  pieces.push_back(std::move(piece));
}

inline void SimulatedLink::send_towards(int end, std::string_view bytes) {
  while (!bytes.empty()) {
    const bool is_early = manners.first_bytes_at_once != 0 && way[end].passed < 1'000;
    const std::size_t most = std::min(is_early ? manners.first_bytes_at_once : manners.most_at_once, bytes.size());
    const std::size_t size = loop.chance.one_in(4) ? loop.chance.between(1, most) : most;
    way[end].passed += size;
    way[end].under_way += size;
    put(end, {{}, std::string(bytes.substr(0, size))});
    bytes.remove_prefix(size);
  }
}

inline void SimulatedLink::end_towards(int end) {
  if (std::exchange(way[end].ended, true)) return;
  if (manners.merges_end && !way[end].pieces.empty()) {
    way[end].pieces.back().is_end = true;
  } else {
    put(end, {{}, {}, true});
  }
}

inline void SimulatedLink::break_towards(int end) {
  way[end].ended = true;
  if (loop.chance.one_in(2)) {
    way[end].pieces.clear();
    way[end].under_way = 0;
  }
  put(end, {{}, {}, false, true});
}

// Bytes for an end that was closed are answered with a reset.
inline void SimulatedLink::come(int end) {
  Way& here = way[end];
  std::size_t bytes = 0;
  bool changed = false;
  while (!here.pieces.empty() && here.pieces.front().at <= loop.now()) {
    Way::Piece piece = std::move(here.pieces.front());
    here.pieces.pop_front();
    changed = true;
    here.under_way -= piece.bytes.size();
    bytes += piece.bytes.size();
    if (here.stream) here.arrived += piece.bytes;
    here.end_came |= piece.is_end;
    here.broke |= piece.is_break;
  }
  if (!changed) return;
  loop.note(here.broke ? "broke" : here.end_came ? "ended" : "came", id * 2 + static_cast<std::uint64_t>(end), bytes);
  if (here.stream) return here.stream->on_arrival();
  if (bytes > 0 && !here.broke && way[1 - end].stream) break_towards(1 - end);
}

inline void SimulatedLink::tell_room(int end) {
  loop.in(loop.microseconds(manners.shortest_way, manners.longest_way), [self = shared_from_this(), end] {
    if (self->way[1 - end].stream) self->way[1 - end].stream->try_send();
  });
}

}  // namespace sallyport::async
