#include "http/byte_scan.h"

#include <gtest/gtest.h>

#include <string_view>
#include <vector>

namespace sallyport::http {
namespace {

template <ByteClass kWanted>
constexpr char kMember = kWanted == kValueByte ? ' ' : 'a';

// Every byte at every place of texts of up to `kMost` bytes, which end where their memory ends.
template <ByteClass kWanted>
void expect_scan_as_table() {
  constexpr std::size_t kMost = 35;
  for (std::size_t size = 0; size <= kMost; ++size) {
    for (std::size_t at = 0; at < size; ++at) {
      for (int byte = 0; byte < 256; ++byte) {
        std::vector<char> text(size, kMember<kWanted>);
        text[at] = static_cast<char>(byte);
        const char* end = text.data() + size;
        const char* expected = is_in(text[at], kWanted) ? end : text.data() + at;
        ASSERT_EQ(skip<kWanted>(text.data(), end), expected) << "byte " << byte << " at " << at << " of " << size;
      }
    }
  }
}

// The same behind bytes that may be read, too, and that do not belong.
template <ByteClass kWanted>
void expect_scan_behind_others() {
  constexpr std::size_t kMost = 20;
  for (std::size_t before = 0; before <= kMost; ++before) {
    for (std::size_t size = 0; size <= kMost; ++size) {
      for (std::size_t at = 0; at <= size; ++at) {
        std::vector<char> text(before, '\n');
        text.resize(before + size, kMember<kWanted>);
        const char* begin = text.data() + before;
        const char* end = begin + size;
        if (at != size) text[before + at] = '\n';
        ASSERT_EQ(skip<kWanted>(text.data(), begin, end), begin + at) << at << " of " << size << " after " << before;
      }
    }
  }
}

TEST(ByteScan, TokensEndWhereTheTableSays) { expect_scan_as_table<kTokenByte>(); }
TEST(ByteScan, ValuesEndWhereTheTableSays) { expect_scan_as_table<kValueByte>(); }
TEST(ByteScan, TargetsEndWhereTheTableSays) { expect_scan_as_table<kTargetByte>(); }
TEST(ByteScan, PathsEndWhereTheTableSays) { expect_scan_as_table<kPathByte>(); }
TEST(ByteScan, NamesOfHostsEndWhereTheTableSays) { expect_scan_as_table<kRegNameByte>(); }

TEST(ByteScan, BytesBeforeTheTextAreNoneOfIt) {
  expect_scan_behind_others<kTokenByte>();
  expect_scan_behind_others<kValueByte>();
}

TEST(ByteScan, AnEmptyTextIsAllOfAnything) {
  EXPECT_TRUE(is_all<kTokenByte>(""));
  EXPECT_TRUE(is_all<kValueByte>({}));
}

// Bytes that are looked up one by one stand between those that are looked at together.
TEST(ByteScan, UnusualTokenBytesDoNotEndAToken) {
  EXPECT_TRUE(is_all<kTokenByte>("a_name.with!unusual~bytes-and|more^of`them*in+it"));
  EXPECT_FALSE(is_all<kTokenByte>("a_name.with!unusual~bytes-and|more^of`them*in+it:"));
}

}  // namespace
}  // namespace sallyport::http
