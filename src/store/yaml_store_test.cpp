#include "store/yaml_store.h"

#include "base/temporary_folder_fixture.h"
#include "json/parse.h"

#include <gmock/gmock.h>

#include <filesystem>

namespace sallyport::store {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Everything is fine but what says `bad`.
Status check(const Key&, const json::Value& value) {
  if (const json::Value* bad = value.find("bad")) return fail(ErrorCode::kInvalid, "bad is " + json::print(*bad));
  return {};
}

// "routes/1 {...}" for each entry.
std::vector<std::string> contents(YamlStore& store) {
  std::vector<std::string> found;
  auto entries = store.list_all().take_value();
  for (const EntryPtr& entry : *entries) {
    found.push_back(entry->key.kind + "/" + entry->key.id + " " + json::print(entry->value));
  }
  return found;
}

// A store on a file of its own, with what it told about changes.
struct Fixture {
  explicit Fixture(const std::string& text) {
    path = folder.write("apisix.yaml", text);
    auto opened = YamlStore::open(path, check);
    EXPECT_TRUE(opened) << opened.error().what;
    store = std::move(*opened);
    store->on_change([this](std::vector<Change> changes) {
      for (const Change& change : changes) {
        told.push_back((change.entry ? "" : "-") + change.key.kind + "/" + change.key.id);
      }
    });
  }

  void becomes(const std::string& text) {
    folder.write("apisix.yaml", text);
    store->poll();
  }

  TemporaryFolder folder;
  std::string path;
  std::unique_ptr<YamlStore> store;
  std::vector<std::string> told;
};

std::string why_not(const std::string& text) {
  TemporaryFolder folder;
  auto store = YamlStore::open(folder.write("apisix.yaml", text), check);
  return store ? "it opened" : store.error().what;
}

TEST(YamlStore, ReadsItemsOfEveryKindInWrittenOrder) {
  Fixture file(
      "routes:\n  - id: r\n    uri: /r\n  - uri: /second\n  - id: 7\nservices:\n  - {id: s}\nupstreams:\n#END\n");
  EXPECT_THAT(contents(*file.store),
              ElementsAre(R"(routes/r {"id":"r","uri":"/r"})", R"(routes/arr_2 {"uri":"/second","id":"arr_2"})",
                          R"(routes/7 {"id":"7"})", R"(services/s {"id":"s"})"));
  EXPECT_THAT((*file.store->get({"routes", "7"}).take_value())->origin, EndsWith("apisix.yaml:5:5"));
}

TEST(YamlStore, AFileThatSaysNothingHasNoEntries) {
  EXPECT_THAT(contents(*Fixture("#END").store), IsEmpty());
  EXPECT_THAT(contents(*Fixture("routes:\n  []\n#END  \r\n\n").store), IsEmpty());
}

TEST(YamlStore, VariablesOfTheEnvironmentAreFilledIn) {
  ::setenv("SALLYPORT_TEST_NODE", "10.0.0.1:80", 1);
  Fixture file("upstreams:\n  - id: u\n    nodes: {\"${{SALLYPORT_TEST_NODE}}\": ${{SALLYPORT_TEST_WEIGHT:=3}}}\n#END");
  EXPECT_THAT(contents(*file.store), ElementsAre(R"(upstreams/u {"id":"u","nodes":{"10.0.0.1:80":3}})"));
}

TEST(YamlStore, AFileThatCannotBeUsedAsAWholeIsRefusedWithTheReason) {
  EXPECT_THAT(why_not("routes: []\n"), HasSubstr("apisix.yaml:2:1: missing valid end flag"));
  EXPECT_THAT(why_not("routes: [\n#END"), HasSubstr("apisix.yaml:"));
  EXPECT_THAT(why_not("- a\n#END"), HasSubstr("must be a map of lists"));
  EXPECT_THAT(why_not("routes: []\nroutes: []\n#END"), HasSubstr("apisix.yaml:2:1: the key \"routes\" appears twice"));
  EXPECT_THAT(why_not("a: ${{SALLYPORT_TEST_MISSING}}\n#END"), HasSubstr("apisix.yaml:1:4: environment variable"));
  auto missing = YamlStore::open("/nonexistent/apisix.yaml", check);
  EXPECT_THAT(missing.error().what, HasSubstr("/nonexistent/apisix.yaml: cannot be read: No such file"));
}

TEST(YamlStore, ABadItemIsReportedWithItsLineAndTheOthersAreServed) {
  Fixture file("routes:\n  - id: 1\n  - id: 2\n    bad: 5\n  - text\n  - id: [x]\n  - {id: 1, uri: /other}\n#END");
  EXPECT_THAT(contents(*file.store), ElementsAre(R"(routes/1 {"id":"1"})"));
  EXPECT_THAT(file.store->problems(),
              ElementsAre(EndsWith("apisix.yaml:3:5: routes/2: bad is 5; it is not served"),
                          EndsWith(":5:5: routes/arr_3: must be a map; it is not served"),
                          EndsWith(":6:5: routes/arr_4: id must be text or a whole number; it is not served"),
                          HasSubstr(":7:5: routes/1: the same id stands at ")));
}

TEST(YamlStore, UnknownTopLevelKeysAreNamed) {
  Fixture file("routs: []\nconsumers: []\nour_team: edge\n#END");
  EXPECT_THAT(file.store->problems(),
              ElementsAre(EndsWith("apisix.yaml:1:1: routs: no kind of resource; ignored; did you mean routes?")));
  EXPECT_THAT(file.store->warnings(), ElementsAre(EndsWith("apisix.yaml:2:1: consumers: not served yet; ignored"),
                                                  EndsWith("apisix.yaml:3:1: our_team: no kind of resource; ignored")));
}

TEST(YamlStore, AChangedFileIsReadAgainAndTheDifferenceIsTold) {
  Fixture file("routes:\n  - {id: 1, uri: /a}\n  - {id: 2, uri: /b}\n  - {id: 3, uri: /c}\n#END");
  file.becomes("routes:\n\n  - {id: 1, uri: /a}\n  - {id: 2, uri: /B}\n  - {id: 4, uri: /d}\n#END");
  EXPECT_THAT(file.told, ElementsAre("-routes/3", "routes/2", "routes/4"));
  EntryPtr unchanged = *file.store->get({"routes", "1"}).take_value();
  EntryPtr changed = *file.store->get({"routes", "2"}).take_value();
  EXPECT_EQ(unchanged->modified_index, unchanged->created_index);
  EXPECT_GT(changed->modified_index, changed->created_index);
}

TEST(YamlStore, AWriteOfTheSameSizeWithinTheSameTickIsSeen) {
  Fixture file("routes: [{id: 1, uri: /a}]\n#END");
  for (char letter = 'b'; letter < 'z'; ++letter) {
    file.becomes(std::string("routes: [{id: 1, uri: /") + letter + "}]\n#END");
    EXPECT_THAT(contents(*file.store), ElementsAre(std::string(R"(routes/1 {"id":"1","uri":"/)") + letter + "\"}"));
  }
}

TEST(YamlStore, NothingIsToldWhenNothingChanged) {
  Fixture file("routes: [{id: 1}]\n#END");
  file.store->poll();
  file.becomes("# a comment\nroutes: [{id: 1}]\n#END");
  EXPECT_THAT(file.told, IsEmpty());
}

TEST(YamlStore, TheLastGoodFormOfABadItemKeepsServing) {
  Fixture file("routes: [{id: 1, uri: /a}, {id: 2}]\nservices: [{id: s}]\n#END");
  file.becomes("routes:\n  - {id: 1, uri: /new, bad: 1}\n  - {id: 3}\nservices: none\n#END");
  EXPECT_THAT(contents(*file.store),
              ElementsAre(R"(routes/1 {"id":"1","uri":"/a"})", R"(routes/3 {"id":"3"})", R"(services/s {"id":"s"})"));
  EXPECT_THAT(file.store->problems(),
              ElementsAre(EndsWith(":4:1: services must be a list"),
                          EndsWith(":2:5: routes/1: bad is 1; its last good form keeps serving")));
  file.becomes("routes: [{id: 1, uri: /new}]\n#END");
  EXPECT_THAT(contents(*file.store), ElementsAre(R"(routes/1 {"id":"1","uri":"/new"})"));
  EXPECT_THAT(file.store->problems(), IsEmpty());
}

TEST(YamlStore, AReadingThatCannotBeUsedKeepsTheOldState) {
  Fixture file("routes: [{id: 1}]\n#END");
  auto before = contents(*file.store);
  for (const char* text : {"", "routes: [{id: 2}]\n", "routes: [\n#END", "[]\n#END"}) {
    file.becomes(text);
    EXPECT_EQ(contents(*file.store), before);
    EXPECT_FALSE(file.store->read_again());
  }
  std::filesystem::remove(file.path);
  file.store->poll();
  EXPECT_EQ(contents(*file.store), before);
  EXPECT_THAT(file.told, IsEmpty());
  file.becomes("#END");
  EXPECT_THAT(file.told, ElementsAre("-routes/1"));
}

TEST(YamlStore, AFilePutInPlaceByRenameIsSeen) {
  Fixture file("routes: [{id: 1}]\n#END");
  std::string other = file.folder.write("new", "routes: [{id: 2}]\n#END");
  std::filesystem::rename(other, file.path);
  file.store->poll();
  EXPECT_THAT(file.told, ElementsAre("-routes/1", "routes/2"));
}

TEST(YamlStore, WritesAreRefusedWithTheReason) {
  Fixture file("#END");
  EXPECT_THAT(file.store->writable().error().what, HasSubstr("apisix.yaml: change that file"));
  EXPECT_FALSE(file.store->put({"routes", "1"}, json::Object(), {}).take_value());
  EXPECT_FALSE(file.store->remove({"routes", "1"}, {}).take_value());
  EXPECT_FALSE(file.store->next_revision().take_value());
}

}  // namespace
}  // namespace sallyport::store
