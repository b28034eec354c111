#include "async/hosts_file.h"

#include "base/temporary_folder_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

namespace sallyport::async {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

struct HostsFileTest : testing::Test {
  TemporaryFolder folder;
  HostsFile hosts{folder.file("hosts")};
  FakeClock clock;

  std::vector<std::string> find(std::string_view name) {
    std::vector<std::string> ips;
    for (const Address& address : hosts.find(name, clock.steady())) ips.push_back(address.ip());
    return ips;
  }
};

TEST_F(HostsFileTest, GivesEveryAddressOfANameInTheOrderOfTheFile) {
  folder.write("hosts",
               "# a comment\n"
               "192.0.2.1 one.test  uno\n"
               "\t2001:db8::1\tone.test # and one more comment\n"
               "\n"
               "192.0.2.2 One.Test\r\n"
               "fe80::1%lo zone.test\n"
               "nonsense nonsense.test\n"
               "192.0.2.3");
  EXPECT_THAT(find("one.test"), ElementsAre("192.0.2.1", "2001:db8::1", "192.0.2.2"));
  EXPECT_THAT(find("ONE.test"), ElementsAre("192.0.2.1", "2001:db8::1", "192.0.2.2"));
  EXPECT_THAT(find("uno"), ElementsAre("192.0.2.1"));
  for (const char* name : {"", "and", "zone.test", "nonsense.test", "192.0.2.1"}) EXPECT_THAT(find(name), IsEmpty());
}

TEST_F(HostsFileTest, IsReadOnceUntilItChanges) {
  folder.write("hosts", "192.0.2.1 a.test\n");
  for (int i = 0; i < 5; ++i) {
    EXPECT_THAT(find("a.test"), ElementsAre("192.0.2.1"));
    EXPECT_THAT(find("b.test"), IsEmpty());
    clock.advance(Milliseconds(700));
  }
  EXPECT_EQ(hosts.readings(), 1u);
}

TEST_F(HostsFileTest, AChangeIsSeenASecondLaterAtTheLatest) {
  folder.write("hosts", "192.0.2.1 a.test\n");
  find("a.test");
  folder.write("hosts", "192.0.2.22 a.test\n");
  EXPECT_THAT(find("a.test"), ElementsAre("192.0.2.1"));
  clock.advance(Milliseconds(1000));
  EXPECT_THAT(find("a.test"), ElementsAre("192.0.2.22"));
  std::filesystem::remove(folder.file("hosts"));
  clock.advance(Milliseconds(1000));
  EXPECT_THAT(find("a.test"), IsEmpty());
  folder.write("hosts", "192.0.2.1 a.test\n");
  clock.advance(Milliseconds(1000));
  EXPECT_THAT(find("a.test"), ElementsAre("192.0.2.1"));
}

TEST_F(HostsFileTest, AFileThatIsReplacedByOneOfTheSameSizeIsReadAgain) {
  folder.write("hosts", "192.0.2.1 a.test\n");
  find("a.test");
  folder.write("next", "192.0.2.2 a.test\n");
  std::filesystem::rename(folder.file("next"), folder.file("hosts"));
  clock.advance(Milliseconds(1000));
  EXPECT_THAT(find("a.test"), ElementsAre("192.0.2.2"));
}

TEST_F(HostsFileTest, LocalhostIsLoopbackUnlessTheFileSaysOtherwise) {
  EXPECT_THAT(find("localhost"), ElementsAre("127.0.0.1", "::1"));
  EXPECT_THAT(find("My.LocalHost"), ElementsAre("127.0.0.1", "::1"));
  EXPECT_THAT(find("notlocalhost"), IsEmpty());
  folder.write("hosts", "127.0.0.2 localhost\n");
  clock.advance(Milliseconds(1000));
  EXPECT_THAT(find("localhost"), ElementsAre("127.0.0.2"));
}

}  // namespace
}  // namespace sallyport::async
