// Whatever a client of HTTP/2 sends, however it comes and whether or not it takes what it gets: what is served is a
// request that means the same to an upstream of HTTP/1.1, no more of them at a time than the limits say and none
// larger, and with the client everything ends. The first byte says how the rest comes.

#include "async/manual_reactor_fixture.h"
#include "async/stream_fixture.h"
#include "async/task_group.h"
#include "async/until_set.h"
#include "h2/server_connection.h"
#include "rewritten.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace {

using namespace sallyport;
using async::Task;

// What a few bytes come to.
constexpr h2::ServerLimits kLimits{.streams = 4,
                                   .stream_window = 65'535,
                                   .connection_window = 70'000,
                                   .head_bytes = 700,
                                   .fields = 12,
                                   .resets = {6, 1},
                                   .idle_frames = {30, 1}};
constexpr wire::ServerLimits kTimes;

// The first byte.
struct Manner {
  explicit Manner(unsigned byte)
      : piece(std::size_t{1} << (2 * (byte & 7))),
        has_preface((byte & 8) == 0),
        takes_nothing((byte & 16) != 0),
        resets((byte & 32) != 0),
        announces_end((byte & 64) != 0) {}
  std::size_t piece;  // bytes that come at once
  bool has_preface;   // before the rest
  bool takes_nothing;
  bool resets;  // in the end
  bool announces_end;
};

class Server final : public h2::ServerHandler {
 public:
  explicit Server(async::ManualReactor& reactor) : reactor_(reactor) {}
  ~Server() { require(serving_ == 0 && !busy_); }

 private:
  Task<void> serve(h2::ServerStream& stream) override {
    require(++serving_ <= kLimits.streams);
    auto work = stream.head().refusal() != 0 ? refuse(stream) : answer(stream);
    co_await async::UntilSet(stream.lost(), std::move(work));
    --serving_;
  }
  void has_output(h2::ServerConnection& connection) override {
    reactor_.post([&connection] { connection.send(); });
  }
  void is_busy(bool busy) override {
    require(busy != busy_);
    busy_ = busy;
  }

  static Task<bool> refuse(h2::ServerStream& stream) {
    http::ResponseHead head(stream.arena());
    head.status = stream.head().refusal();
    stream.begin_response(head, http::BodyLength::none());
    const http::Chunk nothing{{}, true};
    co_return (co_await stream.write(nothing, wire::BodyWriter::Flush::kNow)).has_value();
  }
  // The request's body and trailers are those of the response.
  Task<bool> answer(h2::ServerStream& stream) {
    http::RequestHead& request = stream.head().head();
    require(stream.head().bytes() <= kLimits.head_bytes && request.headers.size() <= kLimits.fields);
    const bool is_head = request.method == "HEAD";
    require_same_when_written(request);
    http::ResponseHead head(stream.arena());
    stream.begin_response(head, is_head ? http::BodyLength::none() : http::BodyLength::chunked());
    for (bool last = is_head; !last;) {
      auto piece = co_await stream.read_body();
      if (!piece) co_return false;
      require(piece->bytes.size() <= kLimits.stream_window);
      last = piece->is_last;
      http::Headers trailers(stream.arena());
      if (last && !stream.is_tunnel()) stream.body().trailers(trailers);
      const http::Chunk same{piece->bytes, last, &trailers};
      auto written = co_await stream.write(same, wire::BodyWriter::Flush::kNow);
      if (!written) co_return false;
    }
    if (!is_head) co_return true;
    const http::Chunk nothing{{}, true};
    co_return (co_await stream.write(nothing, wire::BodyWriter::Flush::kNow)).has_value();
  }

  async::ManualReactor& reactor_;
  std::size_t serving_ = 0;
  bool busy_ = false;
};

Task<void> run(h2::ServerConnection& connection, bool& has_ended) {
  co_await connection.run();
  has_ended = true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const Manner manner(data[0]);
  std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  async::ManualReactor reactor;
  async::MemoryPeer peer;
  Server server(reactor);
  h2::ServerConnection connection(reactor, peer.stream(), kTimes, kLimits, server);
  bool has_ended = false;
  async::TaskGroup tasks;
  if (manner.takes_nothing) peer.take_no_more();
  tasks.spawn(run(connection, has_ended));
  if (manner.has_preface) peer.send(NGHTTP2_CLIENT_MAGIC);
  for (; !bytes.empty() && !has_ended; bytes.remove_prefix(std::min(manner.piece, bytes.size()))) {
    peer.send(bytes.substr(0, manner.piece));
    reactor.deliver();
  }
  if (manner.announces_end && !has_ended) connection.announce_end();
  reactor.advance(Milliseconds(2'000));
  if (manner.resets || manner.takes_nothing) {
    peer.reset();
  } else {
    peer.end();
  }
  reactor.advance(Milliseconds(2'000));
  require(has_ended);
  return 0;
}
