// The maps whose copies share what they have in common.

#include "route/hash_trie.h"
#include "route/prefix_tree.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>

namespace sallyport::route {
namespace {

template <class Map>
std::map<std::string, int> contents(const Map& map, const std::vector<std::string>& keys) {
  std::map<std::string, int> all;
  for (const std::string& key : keys) {
    if (const int* value = map.find(key)) all[key] = *value;
  }
  return all;
}

// Keys that share prefixes, and enough of them that a node has several children.
std::vector<std::string> some_keys() {
  std::vector<std::string> keys{"", "/"};
  for (const char* first : {"/a", "/ab", "/abc", "/b", "x"}) {
    keys.emplace_back(first);
    for (int i = 0; i < 40; ++i) keys.push_back(std::string(first) + "/" + std::to_string(i * 7 % 40));
  }
  return keys;
}

template <class Map>
struct SharedMapTest : testing::Test {};
using Maps = testing::Types<HashTrie<int>, PrefixTree<int>>;
TYPED_TEST_SUITE(SharedMapTest, Maps);

TYPED_TEST(SharedMapTest, EveryCopyKeepsWhatItHadWhileOthersChange) {
  const std::vector<std::string> keys = some_keys();
  std::mt19937 random(7);
  TypeParam map;
  std::map<std::string, int> expected;
  std::vector<std::pair<TypeParam, std::map<std::string, int>>> copies;
  for (int step = 0; step < 3000; ++step) {
    const std::string& key = keys[random() % keys.size()];
    switch (random() % 3) {
      case 0:
        map.set(key, nullptr);
        expected.erase(key);
        break;
      case 1:
        map.set(key, std::make_shared<int>(step));
        expected[key] = step;
        break;
      default:
        if (int* value = map.edit(key)) expected.at(key) = ++*value;
    }
    if (step % 100 == 0) copies.emplace_back(map, expected);
    if (step % 50 == 0) ASSERT_EQ(contents(map, keys), expected) << step;
  }
  for (const auto& [copy, then] : copies) EXPECT_EQ(contents(copy, keys), then);
  for (const std::string& key : keys) map.set(key, nullptr);
  EXPECT_TRUE(map.empty());
}

TYPED_TEST(SharedMapTest, AValueIsCopiedBeforeItChangesOnlyWhereSomebodyElseHoldsIt) {
  TypeParam map;
  map.set("a", std::make_shared<int>(1));
  int* alone = map.edit("a");
  EXPECT_EQ(map.edit("a"), alone);
  const TypeParam copy = map;
  *map.edit("a") = 2;
  EXPECT_EQ(*copy.find("a"), 1);
  EXPECT_EQ(*map.find("a"), 2);
  EXPECT_EQ(map.edit("b"), nullptr);
}

}  // namespace
}  // namespace sallyport::route
