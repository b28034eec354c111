#include "telemetry/log_file.h"

#include "base/temporary_folder_fixture.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <vector>

namespace sallyport::telemetry {
namespace {

TEST(LogFile, AppendsToWhatIsThereAndMakesItsFolder) {
  TemporaryFolder folder;
  const std::string path = folder.file("logs/access.log");
  LogFile::open(path).value()->write("one\n");
  LogFile::open(path).value()->write("two\n");
  EXPECT_EQ(folder.read("logs/access.log"), "one\ntwo\n");
}

TEST(LogFile, APathThatCannotBeOpenedIsNamed) {
  TemporaryFolder folder;
  std::filesystem::create_directory(folder.file("a"));
  auto opened = LogFile::open(folder.file("a"));
  ASSERT_FALSE(opened);
  EXPECT_THAT(opened.error().what, testing::HasSubstr("/a: cannot be opened: Is a directory"));
}

TEST(LogFile, ReopenGoesOnInANewFileAfterTheOldOneWasMoved) {
  TemporaryFolder folder;
  auto log = LogFile::open(folder.file("a.log")).value();
  log->write("old\n");
  log->settle();
  std::filesystem::rename(folder.file("a.log"), folder.file("a.log.1"));
  log->reopen();
  log->settle();
  log->write("new\n");
  log->settle();
  EXPECT_EQ(folder.read("a.log.1"), "old\n");
  EXPECT_EQ(folder.read("a.log"), "new\n");
}

TEST(LogFile, ReopenThatFailsKeepsTheOldFile) {
  TemporaryFolder folder;
  auto log = LogFile::open(folder.file("a.log")).value();
  std::filesystem::rename(folder.file("a.log"), folder.file("a.log.1"));
  std::filesystem::create_directory(folder.file("a.log"));
  log->reopen();
  log->settle();
  log->write("still here\n");
  log->settle();
  EXPECT_THAT(folder.read("a.log.1"), testing::HasSubstr("going on with the old file\nstill here\n"));
}

TEST(LogFile, AReaderThatStandsStillCostsLinesAndNotTheWriter) {
  TemporaryFolder folder;
  const std::string pipe = folder.file("pipe");
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  const int reader = ::open(pipe.c_str(), O_RDONLY | O_NONBLOCK);
  ASSERT_GE(reader, 0);
  const std::string line(1023, 'x');
  constexpr int kLines = 1000;
  {
    auto log = LogFile::open(pipe, 100 * 1024).value();
    for (int i = 0; i < kLines; ++i) log->write(line + "\n");
    EXPECT_GT(log->dropped_lines(), 0u);
    EXPECT_LT(log->dropped_lines(), kLines);
  }
  ::close(reader);
}

TEST(LogBuffer, HandsOverWholeLinesWhenItIsFullAndWhenItIsTold) {
  TemporaryFolder folder;
  auto log = LogFile::open(folder.file("a.log")).value();
  LogBuffer buffer(*log, 10);
  auto add = [&](std::string_view text) { buffer.add_line([&](std::string& line) { line += text; }); };
  add("12345");
  log->settle();
  EXPECT_EQ(folder.read("a.log"), "");
  add("67890");
  log->settle();
  EXPECT_EQ(folder.read("a.log"), "12345\n67890\n");
  add("a");
  buffer.flush();
  log->settle();
  EXPECT_EQ(folder.read("a.log"), "12345\n67890\na\n");
}

TEST(LogFileConcurrency, LinesOfManyThreadsArriveWholeWhileTheFileIsReopened) {
  TemporaryFolder folder;
  constexpr int kThreads = 4;
  constexpr int kLines = 500;
  {
    auto log = LogFile::open(folder.file("a.log")).value();
    std::vector<std::thread> threads;
    for (int thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([&log] {
        LogBuffer buffer(*log, 100);
        for (int i = 0; i < kLines; ++i) buffer.add_line([](std::string& line) { line += "a line of a log"; });
      });
    }
    for (int i = 0; i < 50; ++i) log->reopen();
    for (std::thread& thread : threads) thread.join();
  }
  std::ifstream file(folder.file("a.log"));
  int count = 0;
  for (std::string line; std::getline(file, line); ++count) ASSERT_EQ(line, "a line of a log");
  EXPECT_EQ(count, kThreads * kLines);
}

}  // namespace
}  // namespace sallyport::telemetry
