#include "tls/stream_bio.h"

#include <algorithm>
#include <cstring>

namespace sallyport::tls {
namespace {

BioEnds& ends_of(BIO* bio) { return *static_cast<BioEnds*>(BIO_get_data(bio)); }

int read_bytes(BIO* bio, char* to, std::size_t most, std::size_t* got) {
  BIO_clear_retry_flags(bio);
  async::Stream& socket = ends_of(bio).socket;
  std::string_view unread = socket.unread();
  *got = std::min(most, unread.size());
  if (*got == 0) {
    BIO_set_retry_read(bio);
    return 0;
  }
  std::memcpy(to, unread.data(), *got);
  socket.consume(*got);
  return 1;
}

int write_bytes(BIO* bio, const char* from, std::size_t bytes, std::size_t* taken) {
  BIO_clear_retry_flags(bio);
  ends_of(bio).outgoing.append(from, bytes);
  *taken = bytes;
  return 1;
}

long control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

// Made once in a process; OpenSSL wants it to outlive every BIO.
BIO_METHOD* method() {
  static BIO_METHOD* const made = [] {
    BIO_METHOD* fresh = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "stream");
    BIO_meth_set_read_ex(fresh, read_bytes);
    BIO_meth_set_write_ex(fresh, write_bytes);
    BIO_meth_set_ctrl(fresh, control);
    return fresh;
  }();
  return made;
}

}  // namespace

BioPtr make_stream_bio(BioEnds& ends) {
  BioPtr bio(BIO_new(method()));
  BIO_set_data(bio.get(), &ends);
  BIO_set_init(bio.get(), 1);
  return bio;
}

}  // namespace sallyport::tls
