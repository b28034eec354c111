#include "store/embedded_store.h"

#include "base/temporary_folder_fixture.h"
#include "json/parse.h"

#include <gmock/gmock.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace sallyport::store {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

json::Value value(std::string_view text) { return *json::parse(text); }

std::unique_ptr<EmbeddedStore> open(const std::string& path) {
  auto store = EmbeddedStore::open(path);
  EXPECT_TRUE(store) << store.error().what;
  return std::move(*store);
}

std::string why_not(const std::string& path) {
  auto store = EmbeddedStore::open(path);
  return store ? "it opened" : store.error().what;
}

Result<EntryPtr> put(Store& store, const std::string& id, std::string_view text, Expected expected = {}) {
  return store.put({"routes", id}, value(text), expected).take_value();
}

EntryPtr get(Store& store, const std::string& id) { return *store.get({"routes", id}).take_value(); }

std::vector<std::string> ids(Store& store, const std::string& kind) {
  std::vector<std::string> found;
  auto entries = store.list(kind).take_value();
  for (const EntryPtr& entry : *entries) found.push_back(entry->key.id);
  return found;
}

TEST(EmbeddedStore, CreatesTheFileWithItsFolderReadableByTheOwnerAlone) {
  TemporaryFolder folder;
  std::string path = folder.file("data/deep/sallyport.db");
  open(path);
  struct stat found;
  ASSERT_EQ(::stat(path.c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777, 0600u);
}

TEST(EmbeddedStore, WhatWasPutIsThereAfterReopening) {
  TemporaryFolder folder;
  std::string path = folder.file("a.db");
  std::string text = R"({"uri":"/a","nodes":{"127.0.0.1:80":1},"empty":[],"weight":0.5})";
  auto first = put(*open(path), "1", text);
  auto store = open(path);
  EntryPtr found = get(*store, "1");
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(json::print(found->value), text);
  EXPECT_EQ(found->created_index, (*first)->created_index);
  EXPECT_EQ(found->modified_index, (*first)->modified_index);
}

TEST(EmbeddedStore, AnEntryWithAnEndIsOverThenAlsoAfterReopening) {
  const FakeClock clock;
  const WallTime end = clock.wall() + Milliseconds(1500);
  const Milliseconds step(1);
  TemporaryFolder folder;
  std::string path = folder.file("a.db");
  auto store = open(path);
  put(*store, "stays", "{}");
  for (const char* id : {"1", "2", "3", "4"}) {
    ASSERT_TRUE(store->put_until({"routes", id}, value("{}"), {}, end).take_value());
  }
  put(*store, "2", "{}");
  ASSERT_TRUE(store->put_until({"routes", "3"}, value("{}"), {}, end + step).take_value());
  store->remove({"routes", "4"}, {}).take_value();
  for (int opened = 0; opened < 2; ++opened) {
    EXPECT_THAT(store->over(end - step), ElementsAre());
    EXPECT_THAT(store->over(end), ElementsAre(Key{"routes", "1"}));
    EXPECT_THAT(store->over(end + step), ElementsAre(Key{"routes", "1"}, Key{"routes", "3"}));
    store.reset();
    store = open(path);
  }
  store->hand_over();
  EXPECT_THAT(store->over(end), ElementsAre()) << "in other hands";
  ASSERT_TRUE(store->take_back());
  EXPECT_THAT(store->over(end), ElementsAre(Key{"routes", "1"}));
}

TEST(EmbeddedStore, AnEndIsThatOfTheWriteItCameWith) {
  const FakeClock clock;
  TemporaryFolder folder;
  std::string path = folder.file("a.db");
  ASSERT_TRUE(open(path)->put_until({"routes", "1"}, value("{}"), {}, clock.wall()).take_value());
  {
    Database database = *Database::open(path);  // as a gateway that knows no ends writes
    ASSERT_TRUE(database.execute("UPDATE entry SET modified_index = 7"));
  }
  EXPECT_THAT(open(path)->over(clock.wall()), ElementsAre());
}

TEST(EmbeddedStore, EveryWriteHasARevisionOfItsOwnEvenAcrossReopening) {
  TemporaryFolder folder;
  std::string path = folder.file("a.db");
  auto store = open(path);
  EXPECT_EQ((*put(*store, "1", "{}"))->modified_index, 1u);
  EXPECT_EQ((*put(*store, "2", "{}"))->modified_index, 2u);
  EXPECT_TRUE(*store->remove({"routes", "2"}, {}).take_value());
  store.reset();
  store = open(path);
  EntryPtr replaced = *put(*store, "1", R"({"a":1})");
  EXPECT_EQ(replaced->created_index, 1u);
  EXPECT_EQ(replaced->modified_index, 4u);
}

TEST(EmbeddedStore, ListsAreOldestFirstAndOfOneKind) {
  TemporaryFolder folder;
  auto store = open(folder.file("a.db"));
  for (const char* id : {"b", "a", "c"}) ASSERT_TRUE(put(*store, id, "{}"));
  ASSERT_TRUE(store->put({"services", "s"}, value("{}"), {}).take_value());
  ASSERT_TRUE(put(*store, "b", "{}"));
  EXPECT_THAT(ids(*store, "routes"), ElementsAre("b", "a", "c"));
  EXPECT_THAT(ids(*store, "services"), ElementsAre("s"));
  EXPECT_THAT(ids(*store, "route"), ElementsAre());
  EXPECT_EQ(store->list_all().take_value()->size(), 4u);
}

TEST(EmbeddedStore, AWriteThatExpectedSomethingElseChangesNothing) {
  TemporaryFolder folder;
  auto store = open(folder.file("a.db"));
  std::uint64_t revision = (*put(*store, "1", R"({"a":1})", kAbsent))->modified_index;
  EXPECT_EQ(put(*store, "1", "{}", kAbsent).error().code, ErrorCode::kConflict);
  EXPECT_EQ(put(*store, "1", "{}", revision + 1).error().code, ErrorCode::kConflict);
  EXPECT_EQ(store->remove({"routes", "1"}, revision + 1).take_value().error().code, ErrorCode::kConflict);
  EXPECT_EQ(json::print(get(*store, "1")->value), R"({"a":1})");
  EXPECT_TRUE(put(*store, "1", R"({"a":2})", revision));
}

TEST(EmbeddedStore, RemovingTellsWhetherThereWasSomething) {
  TemporaryFolder folder;
  auto store = open(folder.file("a.db"));
  ASSERT_TRUE(put(*store, "1", "{}"));
  EXPECT_TRUE(*store->remove({"routes", "1"}, {}).take_value());
  EXPECT_FALSE(*store->remove({"routes", "1"}, {}).take_value());
  EXPECT_EQ(get(*store, "1"), nullptr);
}

TEST(EmbeddedStore, ARevisionForAnIdIsNeverThatOfAnEntry) {
  TemporaryFolder folder;
  auto store = open(folder.file("a.db"));
  std::uint64_t id = *store->next_revision().take_value();
  EXPECT_GT(*store->next_revision().take_value(), id);
  EXPECT_GT((*put(*store, "1", "{}"))->modified_index, id + 1);
}

TEST(EmbeddedStore, ASecondProcessIsToldThatTheFileIsInUse) {
  TemporaryFolder folder;
  std::string path = folder.file("a.db");
  auto store = open(path);
  pid_t child = ::fork();
  if (child == 0) ::_exit(why_not(path).find("only one gateway at a time") != std::string::npos ? 0 : 1);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST(EmbeddedStore, ADamagedFileIsNamedAndLeftAsItIs) {
  TemporaryFolder folder;
  std::string garbage(5000, 'x');
  std::string path = folder.write("a.db", garbage);
  EXPECT_THAT(why_not(path), HasSubstr(path));
  EXPECT_THAT(why_not(path), HasSubstr("damaged"));
  EXPECT_EQ(folder.read("a.db"), garbage);
}

TEST(EmbeddedStore, DamageInsideTheFileIsFoundWhenItIsOpened) {
  TemporaryFolder folder;
  std::string path = folder.file("a.db");
  auto store = open(path);
  for (int i = 0; i < 100; ++i)
    ASSERT_TRUE(put(*store, std::to_string(i), R"({"desc":"0123456789012345678901234567"})"));
  store.reset();
  std::string bytes = folder.read("a.db");
  for (std::size_t at = 4096 + 8; at < 4096 + 200; ++at) bytes[at] = '\xee';
  folder.write("a.db", bytes);
  EXPECT_THAT(why_not(path), HasSubstr("damaged"));
  EXPECT_EQ(folder.read("a.db"), bytes);
}

TEST(EmbeddedStore, AnEntryThatIsNoJsonIsNamed) {
  TemporaryFolder folder;
  std::string path = folder.file("a.db");
  open(path);
  {
    auto database = Database::open(path);
    ASSERT_TRUE(database->execute("INSERT INTO entry VALUES ('routes', '7', '{', 1, 1)"));
  }
  EXPECT_THAT(why_not(path), HasSubstr("the value of routes/7 is not JSON"));
}

TEST(EmbeddedStore, FilesOfOtherProgramsAndOfNewerGatewaysAreRefused) {
  TemporaryFolder folder;
  {
    auto foreign = Database::open(folder.file("foreign.db"));
    ASSERT_TRUE(foreign->execute("CREATE TABLE t (x)"));
    open(folder.file("newer.db"));
    auto newer = Database::open(folder.file("newer.db"));
    ASSERT_TRUE(newer->execute("PRAGMA user_version = 99"));
  }
  EXPECT_THAT(why_not(folder.file("foreign.db")), HasSubstr("another program"));
  EXPECT_THAT(why_not(folder.file("newer.db")), HasSubstr("newer gateway (format 99"));
}

TEST(EmbeddedStore, APathThatCannotBeUsedIsNamed) {
  TemporaryFolder folder;
  folder.write("file", "");
  EXPECT_THAT(why_not(folder.file("file/a.db")), HasSubstr("file"));
  EXPECT_THAT(why_not(folder.file("")), HasSubstr(folder.file("")));
}

// In a child, because the limit cannot be lifted again.
int exit_code_after_a_failed_write(const std::string& path) {
  auto store = open(path);
  if (!put(*store, "1", R"({"a":1})")) return 1;
  ::signal(SIGXFSZ, SIG_IGN);
  struct rlimit limit = {64 * 1024, 64 * 1024};
  if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) return 2;
  std::string big = R"({"desc":")" + std::string(200 * 1024, 'x') + R"("})";
  if (put(*store, "1", big)) return 3;
  if (json::print(get(*store, "1")->value) != R"({"a":1})") return 4;
  if (!put(*store, "2", "{}")) return 5;
  return 0;
}

TEST(EmbeddedStore, AFailedWriteLeavesTheOldState) {
  TemporaryFolder folder;
  std::string path = folder.file("a.db");
  pid_t child = ::fork();
  if (child == 0) ::_exit(exit_code_after_a_failed_write(path));
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
  auto store = open(path);
  EXPECT_EQ(json::print(get(*store, "1")->value), R"({"a":1})");
  EXPECT_NE(get(*store, "2"), nullptr);
}

TEST(EmbeddedStore, HandedOverItIsReadAndNotWritten) {
  TemporaryFolder folder;
  auto store = open(folder.file("a.db"));
  ASSERT_TRUE(put(*store, "1", R"({"a":1})"));
  store->hand_over();
  Result<EntryPtr> refused = put(*store, "1", R"({"a":2})");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(refused.error().what, HasSubstr("a.db is in the hands of another gateway"));
  EXPECT_FALSE(store->remove({"routes", "1"}, {}).take_value());
  EXPECT_EQ(get(*store, "1")->value, value(R"({"a":1})"));
  {
    auto other = open(folder.file("a.db"));
    EXPECT_EQ(get(*other, "1")->value, value(R"({"a":1})"));
    Status back = store->take_back();
    ASSERT_FALSE(back);
    EXPECT_THAT(back.error().what, HasSubstr("another process has it open"));
  }
  ASSERT_TRUE(store->take_back());
  EXPECT_TRUE(put(*store, "1", R"({"a":2})"));
  store.reset();
  EXPECT_EQ(get(*open(folder.file("a.db")), "1")->value, value(R"({"a":2})"));
}

}  // namespace
}  // namespace sallyport::store
