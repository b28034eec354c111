#include "upstream/connector.h"

#include "tls/tls_stream.h"
#include "upstream/race.h"

#include <fmt/format.h>

#include <memory>
#include <string_view>
#include <utility>

namespace sallyport::upstream {
namespace {

std::unexpected<Error> handshake_error(ErrorCode code, const async::Address& address, const TlsPeer& peer,
                                       std::string_view reason) {
  return fail(Error{code,
                    fmt::format("the TLS handshake with {} (server name {}) failed: {}", address.to_string(),
                                peer.server_name.empty() ? "-" : peer.server_name, reason),
                    Side::kUpstream, Retry::kSafe});
}

std::unexpected<Error> shaken_wrong(async::IoStatus status, const async::Address& address, const TlsPeer& peer,
                                    const tls::TlsStream& stream) {
  std::string reason = tls::fault_of_peer(stream.ssl());
  if (reason.empty()) reason = stream.failure();
  const auto code = status == async::IoStatus::kTimeout ? ErrorCode::kTimeout : ErrorCode::kRefused;
  return handshake_error(code, address, peer, reason);
}

}  // namespace

std::string connection_key(const async::Address& address, const TlsPeer* peer) {
  std::string key(reinterpret_cast<const char*>(address.data()), address.size());
  if (!peer) return key;
  key.push_back(peer->verify == tls::Verify::kYes ? 'v' : '-');
  key += peer->server_name;
  key.push_back('\0');
  if (peer->identity) key += peer->identity->digest;
  return key;
}

async::Task<Result<Connector::Connected>> Connector::connect(Destination to, Milliseconds timeout) {
  const SteadyTime deadline = reactor_.now() + timeout;
  auto raced = co_await race(reactor_, to.addresses, timeout);
  if (!raced) co_return fail(std::move(raced).error());
  Connected connected{std::move(raced->stream), to.addresses[raced->winner]};
  if (to.peer) {
    auto socket = std::move(connected.stream);
    auto shaken =
        co_await shake_hands(std::move(socket), connected.address, std::move(*to.peer), reactor_.until(deadline));
    if (!shaken) co_return fail(std::move(shaken).error());
    connected.stream = std::move(*shaken);
  }
  co_return connected;
}

async::Task<Result<async::StreamPtr>> Connector::shake_hands(async::StreamPtr socket, async::Address address,
                                                             TlsPeer peer, Milliseconds timeout) {
  auto session = sessions_.of(connection_key(address, &peer), reactor_.now());
  tls::SslPtr ssl =
      tls_ ? tls_->begin(peer.server_name, peer.verify, peer.identity.get(), peer.offer, session) : nullptr;
  if (!ssl) {
    co_return fail(Error{ErrorCode::kRefused,
                         fmt::format("no TLS handshake with the server name {} can be begun: {}", peer.server_name,
                                     tls::take_openssl_error()),
                         Side::kUpstream, Retry::kSafe});
  }
  auto stream = std::make_unique<tls::TlsStream>(reactor_, std::move(socket), std::move(ssl));
  const async::IoStatus shaken = co_await stream->shake_hands(timeout);
  tls::note_handshake(stream->ssl(), *session, shaken == async::IoStatus::kOk, reactor_.now());
  if (shaken != async::IoStatus::kOk) co_return shaken_wrong(shaken, address, peer, *stream);
  if (peer.offer == tls::Offer::kHttp2 && !tls::has_chosen_http2(stream->ssl())) {
    co_return handshake_error(ErrorCode::kRefused, address, peer, "it does not choose HTTP/2 (ALPN h2)");
  }
  co_return async::StreamPtr(std::move(stream));
}

}  // namespace sallyport::upstream
