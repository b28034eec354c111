#pragma once
// The far side of an HTTP connection in unit tests: sends any bytes, takes the messages that come apart. No part of the
// product.

#include "async/loop_fixture.h"
#include "wire/body_reader.h"
#include "wire/h1.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>

namespace sallyport::wire {

class Talk {
 public:
  Talk() = default;
  explicit Talk(async::StreamPtr stream) : stream_(std::move(stream)) {}

  struct Message {
    std::string line;      // request line or status line
    std::string head;      // with it, as it came
    std::string body;      // without its framing
    std::string trailers;  // "name: value" lines
    bool whole = false;
    int status = 0;
    // Whether the head has that line, written just so.
    bool has(std::string_view field) const {
      return head.find("\r\n" + std::string(field) + "\r\n") != std::string::npos;
    }
    std::string value_of(std::string_view name) const {
      std::size_t at = head.find("\r\n" + std::string(name) + ": ");
      if (at == std::string::npos) return {};
      at += name.size() + 4;
      return head.substr(at, head.find("\r\n", at) - at);
    }
  };

  explicit operator bool() const { return stream_ != nullptr; }
  async::Stream& stream() { return *stream_; }
  void close() { stream_.reset(); }  // FIN, or RST when something was not read
  void reset() {                     // RST
    stream_->break_at_end();
    stream_.reset();
  }
  void end() { stream_->shut_down_sending(); }

  // False when the connection broke.
  async::Task<bool> send(std::string text) {
    co_return co_await stream_->send(text, async::Loop::kLong) == async::IoStatus::kOk;
  }
  // An empty one when the connection ended before its head had come; not `whole` when its body broke off.
  async::Task<Message> request() {
    Arena arena;
    http::RequestHead head(arena);
    Message message;
    while (!take_head(message, parse_request_head(stream_->unread(), head, {}))) {
      if (co_await stream_->fill(async::Loop::kLong) != async::IoStatus::kOk) co_return message;
    }
    co_await read_body(message, head.body);
    co_return message;
  }
  async::Task<Message> response(std::string method = "GET") {
    Arena arena;
    http::ResponseHead head(arena);
    Message message;
    while (!take_head(message, parse_response_head(stream_->unread(), method, head, {}))) {
      if (co_await stream_->fill(async::Loop::kLong) != async::IoStatus::kOk) co_return message;
    }
    message.status = head.status;
    if (head.status >= 200) co_await read_body(message, head.body);
    co_return message;
  }
  // Waits until `text` is among what has come and was not taken. False when the connection ended or broke before.
  async::Task<bool> has_come(std::string text) {
    while (stream_->unread().find(text) == std::string_view::npos) {
      if (co_await stream_->fill(async::Loop::kLong) != async::IoStatus::kOk) co_return false;
    }
    co_return true;
  }
  // Everything until the peer ends or breaks the connection.
  async::Task<std::string> rest() {
    async::IoStatus status = async::IoStatus::kOk;
    std::string all;
    while (status == async::IoStatus::kOk) {
      all.append(stream_->unread());
      stream_->consume(stream_->unread().size());
      status = co_await stream_->fill(async::Loop::kLong);
    }
    EXPECT_NE(status, async::IoStatus::kTimeout);
    broken = status == async::IoStatus::kReset;
    co_return all;
  }
  bool broken = false;  // how `rest` ended

 private:
  bool take_head(Message& message, const ParseOutcome& outcome) {
    EXPECT_NE(outcome.status, ParseStatus::kInvalid) << outcome.reason << ": " << stream_->unread();
    if (outcome.status != ParseStatus::kComplete) return false;
    message.head = stream_->unread().substr(0, outcome.bytes);
    message.line = message.head.substr(0, message.head.find("\r\n"));
    stream_->consume(outcome.bytes);
    return true;
  }
  async::Task<void> read_body(Message& message, http::BodyLength length) {
    BodyReader reader(*stream_, Side::kUpstream);
    reader.begin(length);
    while (!message.whole) {
      auto piece = co_await reader.read(async::Loop::kLong);
      if (!piece) co_return;
      message.body.append(piece->bytes);
      message.whole = piece->is_last;
    }
    note_trailers(message, reader);
    reader.finish_piece();
  }
  static void note_trailers(Message& message, const BodyReader& reader) {
    if (!reader.has_trailers()) return;
    Arena arena;
    http::Headers fields(arena);
    reader.trailers(fields);
    for (const http::Field& field : fields) {
      message.trailers.append(field.name).append(": ").append(field.value).append("\r\n");
    }
  }

  async::StreamPtr stream_;
};

}  // namespace sallyport::wire
