#pragma once
// Where OpenSSL reads and writes: what a stream has received and not consumed, and a text of what shall leave. Never
// waits. Belongs to one connection.

#include "async/stream.h"
#include "tls/openssl_ptr.h"

#include <string>

namespace sallyport::tls {

struct BioEnds {
  async::Stream& socket;
  std::string outgoing;
};

// For SSL_set_bio; `ends` outlives it.
BioPtr make_stream_bio(BioEnds& ends);

}  // namespace sallyport::tls
