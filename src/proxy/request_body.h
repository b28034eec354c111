#pragma once
// The body of a request on its way up: read from the client, passed through the plugins' stages, kept for a further try
// while it is short. Belongs to its journey.

#include "async/task.h"
#include "base/result.h"
#include "chain/chain.h"
#include "exchange/exchange.h"
#include "http/message.h"
#include "proxy/options.h"
#include "wire/server_exchange.h"

#include <optional>
#include <string>

namespace sallyport::proxy {

// Told before the client is waited for, so that nothing which could leave by now stays behind.
class BeforeWait {
 public:
  virtual async::Task<Status> before_wait() = 0;

 protected:
  ~BeforeWait() = default;
};

class RequestBody final : public exchange::RequestBodyReader {
 public:
  RequestBody(wire::ServerExchange& client, exchange::Exchange& exchange, chain::ChainRun& chain,
              const Options& options);
  RequestBody(const RequestBody&) = delete;
  RequestBody& operator=(const RequestBody&) = delete;

  bool is_empty() const noexcept { return exchange_.request.body.is_empty() && !gathered_; }
  // Error: kLimit when its announced length is over the limit of the settings.
  Status check_announced_length() const;
  // Whether what has arrived will be refused when it is read: before an upstream is bothered. Errors as those of
  // `next`.
  Status check_arrived() const;

  // What was gathered stays in the body when the limit is passed. Error also: kInvalid once a piece has gone on.
  async::Task<Result<std::string_view>> whole_request_body(std::size_t limit) override;

  // Whether the client waits for 100 Continue before it sends.
  bool wants_invitation() const noexcept;
  async::Task<Status> invite();

  // The next piece for the upstream, valid until the next call; empty pieces only as the last.
  // Error: of `before`; of the client's side, kLimit when the body is longer than allowed; or kPlugin: then `verdict`
  // says what a filter decided instead.
  async::Task<Result<http::Chunk>> next(BeforeWait& before);
  std::optional<chain::Verdict>& verdict() noexcept { return verdict_; }

  // How the upstream is told the length, once the first piece is known; before that, of an empty piece.
  http::BodyLength length_upstream(const http::Chunk& first) const noexcept;

  // Whether a further try would get all of the body.
  bool can_rewind() const noexcept { return replay_is_complete_ && !in_stages_; }
  // Starts over for a further try, once nothing awaits `next` any more.
  void rewind() noexcept;

  // Whether what is left of it will come and is short, so that the connection may be kept after an answer.
  bool will_end() const {
    return client_.body().ended() || (invited_ && !announces_too_much() && client_.body().look_ahead());
  }

 private:
  async::Task<Result<http::Chunk>> next_arrival(BeforeWait& before);
  Status note_wait(SteadyTime since, const Result<http::Chunk>& piece);
  async::Task<Status> gather(std::size_t limit);
  Status count(std::size_t bytes);
  bool announces_too_much() const noexcept;
  void note_trailers();
  async::Task<Status> run_stages(http::Chunk& piece);
  void remember(const http::Chunk& passed);

  wire::ServerExchange& client_;
  exchange::Exchange& exchange_;
  chain::ChainRun& chain_;
  const Options& options_;
  std::optional<chain::Verdict> verdict_;
  bool invited_ = false;  // 100 Continue was sent or not asked for, or the client did not wait for it

  std::optional<std::string> gathered_;  // by whole_request_body
  bool begun_ = false;                   // a piece was asked for
  bool passed_gathered_ = false;
  bool in_stages_ = false;  // a piece has been read and has not come out of the plugins

  SteadyTime::duration waited_{0};  // for the client
  std::string replay_;              // what passed to the upstream so far
  bool replay_is_complete_ = true;  // `replay_` holds all of it
  bool replaying_ = false;
  bool passed_last_ = false;
  bool trailers_noted_ = false;
};

}  // namespace sallyport::proxy
