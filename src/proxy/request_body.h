#pragma once
// The body of a request on its way up: read from the client, passed through the plugins' stages, kept for a further try
// while it is short. Belongs to its journey.

#include "async/task.h"
#include "base/result.h"
#include "chain/chain.h"
#include "exchange/exchange.h"
#include "http/message.h"
#include "proxy/options.h"
#include "wire/server_connection.h"

#include <optional>
#include <string>

namespace sallyport::proxy {

class RequestBody final : public exchange::RequestBodyReader {
 public:
  RequestBody(wire::ServerConnection& client, exchange::Exchange& exchange, chain::ChainRun& chain,
              const Options& options);
  RequestBody(const RequestBody&) = delete;
  RequestBody& operator=(const RequestBody&) = delete;

  bool is_empty() const noexcept { return exchange_.request.body.is_empty() && !whole_; }

  async::Task<Result<std::string_view>> whole_request_body(std::size_t limit) override;

  // Asks a client that waits for `100 Continue` to send its body (RFC 9110 10.1.1); once.
  async::Task<Status> invite();
  // The next piece for the upstream, valid until the next call; empty pieces only as the last.
  // Error: of the client's side, kLimit when the body is longer than allowed, or kPlugin: then `verdict` says what a
  // filter decided instead.
  async::Task<Result<http::Chunk>> next();
  std::optional<chain::Verdict>& verdict() noexcept { return verdict_; }

  // Whether the next piece is there without waiting for the client. The bytes of the last one become invalid.
  bool has_arrived();
  // How the upstream is told the length, once the first piece is known.
  http::BodyLength length_upstream(const http::Chunk& first) const noexcept;

  // Starts over for a further try; false when too much has passed to be kept.
  bool rewind() noexcept;

 private:
  async::Task<Result<http::Chunk>> read_client();
  Status count(std::size_t bytes);
  void remember(const http::Chunk& passed);

  wire::ServerConnection& client_;
  exchange::Exchange& exchange_;
  chain::ChainRun& chain_;
  const Options& options_;
  std::optional<Result<http::Chunk>> ahead_;  // read by has_arrived
  std::optional<std::string> whole_;          // gathered by whole_request_body
  bool whole_was_read_ = false;
  std::optional<chain::Verdict> verdict_;
  bool invited_ = false;  // 100 Continue was sent, or was not asked for

  std::string replay_;              // what passed to the upstream so far
  bool replay_is_complete_ = true;  // `replay_` holds all of it
  bool replaying_ = false;
  bool passed_last_ = false;
  const http::Headers* trailers_ = nullptr;  // with the last piece
};

}  // namespace sallyport::proxy
