#pragma once
// How both directions wait for more of a body whose earlier pieces a plugin may hold: for the next piece, or for the
// plugin to let them go on, whichever comes first.

#include "async/task.h"
#include "async/until_set.h"
#include "base/result.h"
#include "chain/chain.h"
#include "http/message.h"

#include <utility>

namespace sallyport::proxy {

// Stands for a piece where none has come, but a plugin goes on with what it holds. No reader gives such a piece.
inline constexpr http::Chunk kNothingNew{};
inline bool is_nothing_new(const http::Chunk& piece) noexcept { return piece.bytes.empty() && !piece.is_last; }

// Dropping the read loses nothing: what has arrived stays with its connection, and its time begins anew.
inline async::Task<Result<http::Chunk>> read_until_resumed(async::Event& resumed,
                                                           async::Task<Result<http::Chunk>> read) {
  auto piece = co_await async::UntilSet(resumed, std::move(read));
  co_return piece ? std::move(*piece) : kNothingNew;
}

// What `read` brings, or `kNothingNew`. Costs nothing while no plugin holds anything.
inline async::Task<Result<http::Chunk>> next_piece(chain::ChainRun& chain, chain::Phase phase,
                                                   async::Task<Result<http::Chunk>> read) {
  if (!chain.holds(phase)) return read;
  return read_until_resumed(chain.resumed(phase), std::move(read));
}

}  // namespace sallyport::proxy
