#pragma once
// Makes what a server of gRPC sends on a stream into what a plugin is told, in this order: the initial metadata, each
// message, the trailing metadata, the end. It keeps what was read and not told, so that whoever reads no further before
// all of that has been told bounds it by one message and one piece. A plain value.

#include "http/call.h"
#include "plugins/wasm/answered_call.h"

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace sallyport::wasm {

class GrpcReader final {
 public:
  explicit GrpcReader(std::size_t most_message_bytes) : most_message_bytes_(most_message_bytes) {}

  // `is_alone`: nothing follows it.
  void read_head(http::CallAnswer head, bool is_alone);
  void read(std::string_view bytes);
  // Behind the last bytes.
  void end(http::OwnedFields trailers);
  void fail(GrpcEnd why) { close(std::move(why), {}); }

  // What is told next; nothing until more has been read, or behind the end.
  std::optional<AnsweredCall> next();
  // Nothing more has to be read.
  bool has_ended() const noexcept { return has_ended_; }

 private:
  std::optional<std::string> next_message();
  void give_up(int status, std::string message);
  void close(GrpcEnd end, http::OwnedFields trailers);

  std::size_t most_message_bytes_;
  http::OwnedFields head_;
  std::deque<AnsweredCall> first_;  // before the messages
  std::string unread_;              // the messages
  std::size_t at_ = 0;              // what of them was told
  std::deque<AnsweredCall> last_;   // behind them
  bool has_ended_ = false;
};

}  // namespace sallyport::wasm
