#pragma once
// The certificates of a TLS connection for plugins that ask. Belongs to the worker of the connection, which outlives
// it.

#include "exchange/exchange.h"

#include <openssl/ssl.h>

#include <string>

namespace sallyport::proxy {

class SslCertificates final : public exchange::Certificates {
 public:
  explicit SslCertificates(const SSL& ssl) noexcept : ssl_(ssl) {}
  std::string text(End end, Text text) const override;

 private:
  const SSL& ssl_;
};

}  // namespace sallyport::proxy
