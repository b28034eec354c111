// The parts that need no guest.

#include "plugins/wasm/body_buffer.h"
#include "plugins/wasm/context_table.h"
#include "plugins/wasm/pairs.h"

#include <gtest/gtest.h>

namespace sallyport::wasm {
namespace {

using namespace std::string_view_literals;

TEST(Pairs, AreWrittenAsTheAbiSays) {
  PairsSize size;
  size.add(":path", "/a");
  std::string bytes(size.bytes, '?');
  PairsWriter(bytes.data(), size.count).add(":path", "/a");
  EXPECT_EQ(bytes, "\x01\0\0\0\x05\0\0\0\x02\0\0\0:path\0/a\0"sv);
}

TEST(Pairs, MayHoldNul) {
  auto pairs = read_pairs("\x01\0\0\0\x03\0\0\0\x01\0\0\0a\0b\0\0\0"sv);
  ASSERT_TRUE(pairs);
  EXPECT_EQ(*pairs, (std::vector<Pair>{{"a\0b"sv, "\0"sv}}));
}

TEST(Pairs, AreRefusedAtEveryWrongLength) {
  std::string_view good = "\x02\0\0\0\x01\0\0\0\x01\0\0\0\x02\0\0\0\0\0\0\0a\0b\0cd\0\0"sv;
  EXPECT_TRUE(read_pairs(good));
  for (std::size_t size = 1; size < good.size(); ++size) {
    bool is_empty_map = good.substr(0, size) == "\0"sv;
    EXPECT_EQ(read_pairs(good.substr(0, size)).has_value(), is_empty_map) << size;
  }
  EXPECT_FALSE(read_pairs(std::string(good) + "x"));
  EXPECT_FALSE(read_pairs("\xff\xff\xff\xff\0\0\0\0"sv));
  EXPECT_FALSE(read_pairs(std::string(kMostPairBytes + 1, '\0')));
}

TEST(BodyBuffer, ReadsAcrossWhatIsHeldAndWhatArrived) {
  BodyBuffer buffer;
  buffer.open("hel", "lo world");
  ASSERT_EQ(buffer.size(), 11u);
  for (std::size_t start = 0; start < 11; ++start) {
    for (std::size_t size = 0; start + size <= 11; ++size) {
      std::string copy(size, '?');
      buffer.copy(start, size, copy.data());
      EXPECT_EQ(copy, std::string_view("hello world").substr(start, size));
    }
  }
  EXPECT_FALSE(buffer.is_edited());
}

TEST(BodyBuffer, EditsFollowEachOther) {
  BodyBuffer buffer;
  buffer.open("hel", "lo");
  buffer.splice(0, 1, "J");
  buffer.splice(99, 0, "!");
  EXPECT_TRUE(buffer.is_edited());
  EXPECT_EQ(buffer.take_text(), "Jello!");
  buffer.open("a", "b");
  EXPECT_FALSE(buffer.is_edited());
}

TEST(ContextTable, GivesRisingNumbersAndFindsThem) {
  ContextTable table;
  RootContext root;
  for (std::uint32_t id = 1; id <= 1000; ++id) {
    EXPECT_EQ(table.add({&root, nullptr}), id);
    EXPECT_EQ(table.find(id)->root, &root);
  }
  for (std::uint32_t id = 1; id <= 1000; id += 2) table.remove(id);
  EXPECT_EQ(table.size(), 500u);
  EXPECT_EQ(table.find(1), nullptr);
  EXPECT_NE(table.find(2), nullptr);
  EXPECT_EQ(table.find(0), nullptr);
  EXPECT_EQ(table.find(100'000), nullptr);
}

TEST(ContextTable, DoesNotUseANumberAgainSoon) {
  ContextTable table;
  RootContext root;
  std::uint32_t kept = table.add({&root, nullptr});
  std::uint32_t last = 0;
  for (int i = 0; i < 100'000; ++i) {
    std::uint32_t id = table.add({&root, nullptr});
    ASSERT_GT(id, last);
    ASSERT_NE(id, kept);
    last = id;
    table.remove(id);
  }
  EXPECT_NE(table.find(kept), nullptr);
}

}  // namespace
}  // namespace sallyport::wasm
