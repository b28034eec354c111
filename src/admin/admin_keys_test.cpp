#include "admin/admin_keys.h"

#include "base/temporary_folder_fixture.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <thread>
#include <vector>

namespace sallyport::admin {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;

TEST(AdminKeys, TheFirstStartMakesAKeyAndLaterOnesReadIt) {
  TemporaryFolder folder;
  std::string path = folder.file("data/admin.key");
  auto first = keep_admin_key(path);
  ASSERT_TRUE(first) << first.error().what;
  EXPECT_TRUE(first->created);
  EXPECT_THAT(first->key, MatchesRegex("[a-zA-Z0-9]{32}"));
  auto second = keep_admin_key(path);
  ASSERT_TRUE(second);
  EXPECT_FALSE(second->created);
  EXPECT_EQ(second->key, first->key);
}

TEST(AdminKeys, TheFileIsReadableByTheOwnerAloneAndTheOnlyOne) {
  TemporaryFolder folder;
  ASSERT_TRUE(keep_admin_key(folder.file("data/admin.key")));
  struct stat found;
  ASSERT_EQ(::stat(folder.file("data/admin.key").c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777, 0600u);
  auto files = std::filesystem::directory_iterator(folder.file("data"));
  EXPECT_EQ(std::distance(begin(files), end(files)), 1);
}

TEST(AdminKeys, AKeyOfOnesOwnInTheFileIsTaken) {
  TemporaryFolder folder;
  std::string path = folder.write("admin.key", "my-own-key-my-own-key\n");
  EXPECT_EQ(keep_admin_key(path)->key, "my-own-key-my-own-key");
}

TEST(AdminKeys, AFileWithoutAKeyIsNamedAndLeftAsItIs) {
  TemporaryFolder folder;
  for (const char* text : {"", "short\n", "two words that are long\n"}) {
    std::string path = folder.write("admin.key", text);
    EXPECT_THAT(keep_admin_key(path).error().what, HasSubstr(path + ": holds no admin key"));
    EXPECT_EQ(folder.read("admin.key"), text);
  }
}

TEST(AdminKeys, APathThatCannotBeWrittenIsNamed) {
  TemporaryFolder folder;
  folder.write("file", "");
  EXPECT_THAT(keep_admin_key(folder.file("file/admin.key")).error().what, HasSubstr("file/admin.key"));
}

TEST(AdminKeys, GatewaysThatStartAtOnceGetOneKey) {
  for (int round = 0; round < 20; ++round) {
    TemporaryFolder folder;
    std::string path = folder.file("admin.key");
    std::array<KeptKey, 4> kept;
    std::vector<std::thread> starting;
    for (KeptKey& each : kept) {
      starting.emplace_back([&each, &path] { each = keep_admin_key(path).value_or(KeptKey{"failed"}); });
    }
    for (std::thread& each : starting) each.join();
    for (const KeptKey& each : kept) EXPECT_EQ(each.key, kept[0].key);
    EXPECT_EQ(std::count_if(kept.begin(), kept.end(), [](const KeptKey& each) { return each.created; }), 1);
    EXPECT_EQ(keep_admin_key(path)->key, kept[0].key);
  }
}

}  // namespace
}  // namespace sallyport::admin
