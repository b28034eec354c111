#pragma once
// A client's connection to the proxy: TCP on loopback, with or without TLS on it.

#include "sockets.h"

#include <openssl/ssl.h>

#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace bench {

// What all TLS connections of a run share: TLS 1.3, certificates are not verified, `protocol` is offered by ALPN.
class TlsClients final {
 public:
  explicit TlsClients(std::string_view protocol);
  SSL_CTX* context() const { return context_.get(); }

 private:
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
};

class Transport final {
 public:
  // `tls`: null without TLS; outlives the transport.
  Transport(int port, const TlsClients* tls) : port_(port), tls_(tls) {}

  // Waits for the connection and the handshake; without them the process ends.
  void connect();
  void close();
  int fd() const { return socket_.fd(); }

  // As recv(2): 0 at the end, -1 with errno, EAGAIN among them.
  ssize_t receive(std::span<char> into);
  // Whether nothing can be left after so much was got with room for `asked`, so that the next readiness is told.
  bool is_drained(std::size_t got, std::size_t asked) const { return !ssl_ && got < asked; }
  // The bytes belong to someone who outlives the sending.
  void start(std::string_view bytes) { left_ = bytes; }
  bool is_sent() const { return left_.empty(); }
  // Sends what the connection takes now; false when it is broken.
  bool flush();

 private:
  ssize_t send_some();
  ssize_t as_recv(int result);

  int port_;
  const TlsClients* tls_;
  Socket socket_;
  std::unique_ptr<SSL, decltype(&SSL_free)> ssl_{nullptr, &SSL_free};
  std::string_view left_;
};

}  // namespace bench
