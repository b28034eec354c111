#include "admin/collection.h"

#include "admin/status.h"
#include "json/parse.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

namespace sallyport::admin {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const resources::KindInfo& routes() { return resources::info(resources::Kind::kRoute); }

store::EntryPtr entry(const std::string& id, std::string_view value, std::uint64_t index = 1) {
  return std::make_shared<store::Entry>(store::Entry{{"routes", id}, *json::parse(value), index, index + 5, {}});
}

http::Response get(const std::vector<store::EntryPtr>& entries, std::string_view query) {
  AdminRequest request;
  request.arguments = parse_arguments(query);
  return answer_collection(&routes(), entries, request);
}

// The ids of the answer, after its total.
std::vector<std::string> ids(const std::vector<store::EntryPtr>& entries, std::string_view query) {
  auto body = json::parse(get(entries, query).body);
  std::vector<std::string> found{std::to_string(body->integer_or("total", -1))};
  for (const json::Value& item : body->find("list")->array()) {
    found.push_back(item.string_or("key", "").substr(std::string("/apisix/routes/").size()));
  }
  return found;
}

std::vector<store::EntryPtr> some() {
  return {entry("1", R"({"name":"one","uri":"/a/*","labels":{"env":"x"},"service_id":"s"})"),
          entry("2", R"({"name":"two","uris":["/b","/c"],"upstream_id":7})"),
          entry("3", R"({"uri":"/b/c","labels":{"team":"y"},"service_id":"s","upstream_id":"7"})")};
}

TEST(Collection, ShowsTotalKeysValuesAndIndexes) {
  http::Response response = get({entry("1", R"({"uri":"/"})", 4)}, "");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body,
            "{\"total\":1,\"list\":[{\"key\":\"/apisix/routes/1\",\"value\":{\"uri\":\"/\"},"
            "\"createdIndex\":4,\"modifiedIndex\":9}]}\n");
  EXPECT_EQ(get({}, "").body, "{\"total\":0,\"list\":[]}\n");
}

TEST(Collection, NameAndUriAreRegularExpressions) {
  EXPECT_THAT(ids(some(), "name=^t"), ElementsAre("1", "2"));
  EXPECT_THAT(ids(some(), "uri=b"), ElementsAre("2", "2", "3"));
  EXPECT_THAT(ids(some(), "uri=%5E%2Fb&name=w"), ElementsAre("1", "2"));
  http::Response bad = get(some(), "name=(");
  EXPECT_EQ(bad.status, 400);
  EXPECT_THAT(bad.body, HasSubstr("query argument name: "));
}

TEST(Collection, LabelsAreAskedForByTheirKey) {
  EXPECT_THAT(ids(some(), "label=env"), ElementsAre("1", "1"));
  EXPECT_THAT(ids(some(), "label=x"), ElementsAre("0"));
}

TEST(Collection, RoutesAreAskedForByWhatTheyReferTo) {
  EXPECT_THAT(ids(some(), "filter=service_id%3Ds"), ElementsAre("2", "1", "3"));
  EXPECT_THAT(ids(some(), "filter=service_id%3Ds%26upstream_id%3D7"), ElementsAre("1", "3"));
  EXPECT_THAT(ids(some(), "filter=name%3Dnobody"), ElementsAre("3", "1", "2", "3"));
}

TEST(Collection, PagesAreCutOutOfWhatWasFound) {
  std::vector<store::EntryPtr> many;
  for (int i = 1; i <= 25; ++i) many.push_back(entry(std::to_string(i), fmt::format(R"({{"name":"n{}"}})", i)));
  EXPECT_THAT(ids(many, "page=3&page_size=10"), ElementsAre("25", "21", "22", "23", "24", "25"));
  EXPECT_THAT(ids(many, "page=4&page_size=10"), ElementsAre("25"));
  EXPECT_THAT(ids(many, "page=18446744073709551615&page_size=10"), ElementsAre("25"));
  EXPECT_EQ(ids(many, "page=0&page_size=10").at(1), "1");
  EXPECT_THAT(ids(many, "name=n2.&page=1&page_size=10"), ElementsAre("6", "20", "21", "22", "23", "24", "25"));
  EXPECT_EQ(ids(many, "page=2").size(), 26u);
}

TEST(Collection, PageSizesHaveLimits) {
  for (const char* query : {"page=1&page_size=9", "page=1&page_size=501", "page=1&page_size=0"}) {
    http::Response response = get(some(), query);
    EXPECT_EQ(response.status, 400);
    EXPECT_EQ(response.body, "page_size must be between 10 and 500");
  }
}

TEST(Status, TellsWhetherTheProcessLivesAndIsReady) {
  EXPECT_EQ(answer_status("GET", "/status", "not yet").body, "{\"status\":\"ok\"}\n");
  EXPECT_EQ(answer_status("GET", "/status/ready", "").status, 200);
  http::Response waiting = answer_status("GET", "/status/ready", "not yet");
  EXPECT_EQ(waiting.status, 503);
  EXPECT_EQ(waiting.body, "{\"status\":\"error\",\"error\":\"not yet\"}\n");
  EXPECT_EQ(answer_status("GET", "/other", "").status, 404);
  EXPECT_EQ(answer_status("POST", "/status", "").status, 405);
}

}  // namespace
}  // namespace sallyport::admin
