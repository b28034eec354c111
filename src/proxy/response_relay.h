#pragma once
// Brings a response to the client: through the response phases of the plugins, then onto the wire.
// Whoever made the response, it takes this way.

#include "async/task.h"
#include "chain/verdict.h"
#include "http/message.h"
#include "proxy/call_deadline.h"
#include "proxy/journey.h"
#include "proxy/options.h"
#include "wire/client_exchange.h"

namespace sallyport::proxy {

using async::Task;

class ResponseRelay {
 public:
  // `deadline`: of the call whose response comes from an upstream; null: none.
  ResponseRelay(Journey& journey, const Options& options, const CallDeadline* deadline = nullptr)
      : journey_(journey), options_(options), deadline_(deadline) {}

  // An answer of the gateway or of a plugin.
  Task<void> answer(http::Response response);
  // The answer for the plugin that failed, as its `_meta.error_response` words it.
  http::Response for_failed_plugin(const Error& error);
  // An answer that no plugin sees.
  Task<void> answer_alone(http::Response response);
  // No answer, or no more of one: the connection to the client ends.
  void break_off();

  // The response whose head is in `exchange.response`, its body from `upstream`. A verdict that does not proceed asks
  // for an answer in its place, where no byte has left yet, or closes where the response broke off.
  Task<chain::Verdict> relay(wire::ClientExchange& upstream);
  // The response 101 in `exchange.response`, which an extended CONNECT gets as 200 (RFC 8441 5), then what both sides
  // send in their new protocol, until it ends.
  Task<chain::Verdict> relay_switch(wire::ClientExchange& upstream, async::Reactor& reactor);

 private:
  void fill_response(http::Response& response);
  void replace(http::Response& response, chain::Verdict verdict);
  void add_own_fields();
  void settle_status() noexcept;
  bool sends_no_body() const noexcept;
  void begin(http::BodyLength length);
  Task<Status> send(http::Chunk piece, wire::BodyWriter::Flush flush);
  Task<Status> send_answer(std::string_view body);
  Task<bool> run_answer_headers(http::Response& response);
  Task<bool> run_answer_body(http::Response& response, http::Chunk& passed);
  Task<chain::Verdict> relay_later(Task<chain::Verdict> headers, wire::ClientExchange& upstream);
  Task<chain::Verdict> relay_after(chain::Verdict headers, wire::ClientExchange& upstream);
  Task<chain::Verdict> send_head_alone();
  Task<chain::Verdict> refuse_switch();
  Task<chain::Verdict> tunnel(async::Stream& upstream, async::Reactor& reactor);
  Task<chain::Verdict> tunnel_on_stream(async::Stream& upstream, async::Reactor& reactor);
  Task<chain::Verdict> relay_body(wire::ClientExchange& upstream);
  chain::Verdict broken_off(const Error& error);
  bool is_too_late() const { return deadline_ && deadline_->is_over(); }
  Task<chain::Verdict> without_the_rest(Error error);
  Task<chain::Verdict> break_off_behind(Error error);
  bool take_arrived(wire::ClientExchange& upstream, Result<http::Chunk>& piece) const;
  Task<Result<http::Chunk>> wait_for_piece(wire::ClientExchange& upstream);
  Task<chain::Verdict> run_filters(http::Chunk arrived, http::Chunk& passed);
  Task<chain::Verdict> run_filters_of_end(http::Chunk arrived, http::Chunk& passed);
  void add_trailers(http::Chunk& last);
  Task<chain::Verdict> ended_by_plugin(chain::Verdict verdict);
  http::BodyLength length_downstream(const http::Chunk& first) const noexcept;

  Journey& journey_;
  const Options& options_;
  const CallDeadline* deadline_;
};

}  // namespace sallyport::proxy
