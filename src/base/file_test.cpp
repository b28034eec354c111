#include "base/file.h"

#include "base/temporary_folder_fixture.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <fstream>

namespace sallyport {
namespace {

TEST(ReadFile, GivesAllBytes) {
  TemporaryFolder folder;
  for (std::size_t size : {0u, 1u, 70'000u}) {
    const std::string bytes(size, '\0');
    EXPECT_EQ(read_file(folder.write("some", bytes)), bytes) << size;
  }
}

TEST(ReadFile, GivesAllOfAFileWithoutASize) { EXPECT_GT(read_file("/proc/self/maps")->size(), 100u); }

TEST(ReadFile, SaysWhyThereIsNothing) {
  TemporaryFolder folder;
  EXPECT_EQ(read_file(folder.path() + "/none"), std::nullopt);
  EXPECT_EQ(errno, ENOENT);
  EXPECT_EQ(read_file(folder.path()), std::nullopt);
  EXPECT_EQ(errno, EISDIR);
}

}  // namespace
}  // namespace sallyport
