#include "base/sha1.h"

#include <openssl/sha.h>

namespace sallyport {

std::array<unsigned char, 20> sha1(std::string_view bytes) {
  std::array<unsigned char, SHA_DIGEST_LENGTH> digest{};
  SHA1(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest.data());
  return digest;
}

}  // namespace sallyport
