#include "plugins/wasm/code_cache.h"

#include "base/log_fixture.h"
#include "base/temporary_folder_fixture.h"

#include <gtest/gtest.h>

#include <filesystem>

namespace sallyport::wasm {
namespace {

namespace fs = std::filesystem;

struct CodeCacheTest : testing::Test {
  std::unique_ptr<CodeCache> open(std::uint64_t max_bytes = 1000) {
    auto opened = CodeCache::open(path, max_bytes);
    EXPECT_TRUE(opened) << opened.error().what;
    return opened ? std::move(*opened) : nullptr;
  }

  log::Capture log;
  TemporaryFolder folder;
  const std::string path = folder.file("data/code");
};

TEST_F(CodeCacheTest, FindsWhatWasKeptAlsoInTheNextProcess) {
  open()->keep("one", "the code");
  auto cache = open();
  EXPECT_EQ(cache->find("one"), "the code");
  EXPECT_EQ(cache->find("two"), std::nullopt);
  cache->keep("one", "other code");
  EXPECT_EQ(open()->find("one"), "other code");
}

TEST_F(CodeCacheTest, LeavesNothingBehindWithoutCode) {
  EXPECT_EQ(open()->find("one"), std::nullopt);
  EXPECT_FALSE(fs::exists(folder.file("data")));
}

TEST_F(CodeCacheTest, IsPrivate) {
  open()->keep("one", "the code");
  EXPECT_EQ(fs::status(path).permissions(), fs::perms::owner_all);
  for (const auto& file : fs::directory_iterator(path)) {
    EXPECT_EQ(file.status().permissions(), fs::perms::owner_read | fs::perms::owner_write) << file.path();
  }
  fs::permissions(path, fs::perms::group_write, fs::perm_options::add);
  auto refused = CodeCache::open(path, 1000);
  ASSERT_FALSE(refused);
  EXPECT_TRUE(refused.error().what.starts_with(path + ": it must belong to the user of the gateway alone"));
  fs::permissions(path, fs::perms::owner_all);
  fs::permissions(path + "/key", fs::perms::others_read, fs::perm_options::add);
  EXPECT_FALSE(CodeCache::open(path, 1000));
}

TEST_F(CodeCacheTest, WhatItDidNotWriteItselfIsNotFound) {
  auto cache = open();
  cache->keep("one", "the code");
  cache->keep("two", "more code");
  std::string good = folder.read("data/code/one.code");
  std::string changed = good;
  changed.back() ^= 1;
  for (const std::string& bytes : {changed, good.substr(0, good.size() - 1), good.substr(0, 5), std::string()}) {
    folder.write("data/code/one.code", bytes);
    EXPECT_EQ(cache->find("one"), std::nullopt);
    EXPECT_FALSE(fs::exists(path + "/one.code"));
  }
  EXPECT_TRUE(log.has("one.code: is not what the gateway wrote; it is removed and the module compiled anew"));
  fs::rename(path + "/two.code", path + "/one.code");
  EXPECT_EQ(cache->find("one"), std::nullopt) << "the code of another module";
}

TEST_F(CodeCacheTest, AnotherKeyFitsNothing) {
  open()->keep("one", "the code");
  fs::remove(path + "/key");
  EXPECT_EQ(open()->find("one"), std::nullopt);
}

TEST_F(CodeCacheTest, WhatWasNotUsedForLongestMakesRoom) {
  auto cache = open(120);
  for (const char* name : {"a", "b", "c"}) cache->keep(name, std::string(20, 'x'));
  auto now = fs::file_time_type::clock::now();
  fs::last_write_time(path + "/a.code", now - std::chrono::hours(1));
  fs::last_write_time(path + "/b.code", now - std::chrono::hours(3));
  fs::last_write_time(path + "/c.code", now - std::chrono::hours(2));
  EXPECT_TRUE(cache->find("b"));
  cache->keep("d", "y");
  EXPECT_TRUE(cache->find("a") && cache->find("b") && cache->find("d"));
  EXPECT_FALSE(cache->find("c"));
  cache->keep("e", std::string(121, 'x'));
  EXPECT_FALSE(cache->find("e"));
}

TEST_F(CodeCacheTest, SaysWhereItCannotBe) {
  folder.write("file", "");
  auto cache = CodeCache::open(folder.file("file/code"), 1000);
  ASSERT_TRUE(cache) << cache.error().what;
  (*cache)->keep("one", "the code");
  EXPECT_TRUE(log.has(folder.file("file/code") + ": ")) << "and the gateway goes on without";
  EXPECT_EQ((*cache)->find("one"), std::nullopt);
}

}  // namespace
}  // namespace sallyport::wasm
