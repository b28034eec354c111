#include "base/keyed_digest.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <string>

namespace sallyport {
namespace {

std::string digest_of(std::size_t size) {
  DigestKey key{};
  for (std::size_t i = 0; i < key.size(); ++i) key[i] = static_cast<std::uint8_t>(i);
  std::string bytes;
  for (std::size_t i = 0; i < size; ++i) bytes += static_cast<char>(i);
  return fmt::format("{:02x}", fmt::join(keyed_digest(key, bytes), ""));
}

TEST(KeyedDigest, AgreesWithThePublishedVectors) {
  EXPECT_EQ(digest_of(0), "a3817f04ba25a8e66df67214c7550293");
  EXPECT_EQ(digest_of(1), "da87c1d86b99af44347659119b22fc45");
  EXPECT_EQ(digest_of(15), "5493e99933b0a8117e08ec0f97cfc3d9");
}

TEST(KeyedDigest, EveryBitOfKeyAndBytesCounts) {
  DigestKey key{}, other{};
  other[15] = 1;
  std::string bytes(100, 'x'), changed = bytes;
  changed[57] ^= 1;
  EXPECT_NE(keyed_digest(key, bytes), keyed_digest(other, bytes));
  EXPECT_NE(keyed_digest(key, bytes), keyed_digest(key, changed));
  EXPECT_NE(keyed_digest(key, bytes), keyed_digest(key, bytes + '\0'));
}

}  // namespace
}  // namespace sallyport
