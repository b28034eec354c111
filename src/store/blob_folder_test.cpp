#include "store/blob_folder.h"

#include "base/sha256.h"
#include "base/temporary_folder_fixture.h"

#include <gtest/gtest.h>

#include <filesystem>

namespace sallyport::store {
namespace {

namespace fs = std::filesystem;

struct BlobFolderTest : testing::Test {
  TemporaryFolder folder;
  const std::string path = folder.file("blobs");
  BlobFolder blobs{path};
};

TEST_F(BlobFolderTest, KeepsBytesUnderTheirHash) {
  const std::string bytes("\0binary\xff\n", 9);
  auto name = blobs.put(bytes);
  ASSERT_TRUE(name) << name.error().what;
  EXPECT_EQ(*name, sha256_hex(bytes));
  EXPECT_EQ(*BlobFolder(path).read(*name), bytes);
  EXPECT_EQ(*blobs.put(bytes), *name);
}

TEST_F(BlobFolderTest, IsReadableByItsOwnerAlone) {
  std::string name = *blobs.put("x");
  EXPECT_EQ(fs::status(path).permissions(), fs::perms::owner_all);
  EXPECT_EQ(fs::status(path + "/" + name).permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(BlobFolderTest, ADamagedFileIsNotBelievedAndIsReplacedByTheNextWrite) {
  std::string name = *blobs.put("the bytes");
  folder.write("blobs/" + name, "other bytes");
  auto read = blobs.read(name);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().what, path + "/" + name + ": damaged: its SHA-256 is not its name; put a copy of it back");
  EXPECT_EQ(*blobs.put("the bytes"), name);
  EXPECT_EQ(*blobs.read(name), "the bytes");
}

TEST_F(BlobFolderTest, KeepsOnlyWhatItIsTold) {
  std::string one = *blobs.put("one"), two = *blobs.put("two");
  folder.write("blobs/" + two + ".unfinished", "tw");
  blobs.keep_only({one});
  EXPECT_TRUE(blobs.read(one));
  EXPECT_FALSE(blobs.read(two));
  EXPECT_EQ(std::distance(fs::directory_iterator(path), fs::directory_iterator()), 1);
  BlobFolder(folder.file("missing")).keep_only({});
}

TEST_F(BlobFolderTest, SaysWhatItCannotReadOrWrite) {
  auto missing = blobs.read("abc");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().what, path + "/abc: No such file or directory; put a copy of it back");
  auto nowhere = BlobFolder(folder.file("no/such/folder")).put("x");
  ASSERT_FALSE(nowhere);
  EXPECT_EQ(nowhere.error().code, ErrorCode::kUnavailable);
  EXPECT_TRUE(nowhere.error().what.starts_with(folder.file("no/such/folder") + ": No such file or directory; "));
}

}  // namespace
}  // namespace sallyport::store
