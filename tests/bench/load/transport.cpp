#include "transport.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <cerrno>

namespace bench {
namespace {

constexpr const char* kServerName = "bench.test";  // the servers have a certificate of this name

void make_blocking(int fd, bool blocks) {
  const int flags = fcntl(fd, F_GETFL);
  fcntl(fd, F_SETFL, blocks ? flags & ~O_NONBLOCK : flags | O_NONBLOCK);
}

}  // namespace

TlsClients::TlsClients(std::string_view protocol) : context_(SSL_CTX_new(TLS_client_method()), &SSL_CTX_free) {
  SSL_CTX_set_min_proto_version(context(), TLS1_3_VERSION);
  SSL_CTX_set_mode(context(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  std::string offered(1, static_cast<char>(protocol.size()));
  offered += protocol;
  SSL_CTX_set_alpn_protos(context(), reinterpret_cast<const unsigned char*>(offered.data()),
                          static_cast<unsigned>(offered.size()));
}

void Transport::connect() {
  socket_.reset(connect_to_loopback(port_));
  if (!socket_.is_open()) give_up_with_errno("cannot connect to the proxy on port " + std::to_string(port_));
  if (tls_ == nullptr) return;
  ssl_.reset(SSL_new(tls_->context()));
  SSL_set_fd(ssl_.get(), socket_.fd());
  SSL_set_tlsext_host_name(ssl_.get(), kServerName);
  make_blocking(socket_.fd(), true);
  if (SSL_connect(ssl_.get()) != 1) give_up("no TLS with the proxy on port " + std::to_string(port_));
  make_blocking(socket_.fd(), false);
}

void Transport::close() {
  ssl_.reset();
  socket_.reset();
  left_ = {};
}

// What OpenSSL says, as the system would.
ssize_t Transport::as_recv(int result) {
  if (result > 0) return result;
  const int error = SSL_get_error(ssl_.get(), result);
  if (error == SSL_ERROR_ZERO_RETURN) return 0;
  errno = error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? EAGAIN : ECONNRESET;
  return -1;
}

ssize_t Transport::receive(std::span<char> into) {
  if (!ssl_) return recv(socket_.fd(), into.data(), into.size(), 0);
  return as_recv(SSL_read(ssl_.get(), into.data(), static_cast<int>(into.size())));
}

ssize_t Transport::send_some() {
  if (!ssl_) return send(socket_.fd(), left_.data(), left_.size(), MSG_NOSIGNAL);
  return as_recv(SSL_write(ssl_.get(), left_.data(), static_cast<int>(left_.size())));
}

bool Transport::flush() {
  while (!left_.empty()) {
    const ssize_t sent = send_some();
    if (sent <= 0) return sent < 0 && errno == EAGAIN;
    left_.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

}  // namespace bench
