#include "admin/patch.h"

#include "admin/stamps.h"
#include "json/parse.h"

#include <gtest/gtest.h>

namespace sallyport::admin {
namespace {

json::Value value(std::string_view text) { return *json::parse(text); }

std::string merged(std::string_view target, std::string_view patch) {
  json::Value result = value(target);
  merge(result, value(patch));
  return json::print(result);
}

std::string with(std::string_view target, std::vector<std::string> path, std::string_view part) {
  json::Value result = value(target);
  Status set = set_at(result, path, value(part));
  return set ? json::print(result) : set.error().what;
}

TEST(Merge, ObjectsMergeAndEverythingElseReplaces) {
  EXPECT_EQ(merged(R"({"a":{"x":1,"y":2},"b":[1,2]})", R"({"a":{"y":3,"z":4},"b":[5]})"),
            R"({"a":{"x":1,"y":3,"z":4},"b":[5]})");
  EXPECT_EQ(merged(R"({"a":[1]})", R"({"a":{"x":1}})"), R"({"a":{"x":1}})");
  EXPECT_EQ(merged(R"({"a":{"x":1}})", R"({"a":[]})"), R"({"a":[]})");
}

TEST(Merge, NullRemovesAlsoInsideWhatIsNew) {
  EXPECT_EQ(merged(R"({"a":1,"b":{"c":1}})", R"({"a":null,"b":{"c":null},"d":{"e":null,"f":1},"z":null})"),
            R"({"b":{},"d":{"f":1}})");
}

TEST(SetAt, PutsAPartAndMakesWhatIsMissingOnTheWay) {
  EXPECT_EQ(with(R"({"a":{"b":1}})", {"a", "b"}, "[2]"), R"({"a":{"b":[2]}})");
  EXPECT_EQ(with(R"({})", {"upstream", "nodes"}, R"({"h:1":1})"), R"({"upstream":{"nodes":{"h:1":1}}})");
  EXPECT_EQ(with(R"({"a":{"b":1,"c":2}})", {"a", "b"}, "null"), R"({"a":{"c":2}})");
}

TEST(SetAt, AWayThroughSomethingElseIsRefused) {
  EXPECT_EQ(with(R"({"a":{"b":[1]}})", {"a", "b", "0"}, "2"), "invalid sub-path: /a/b");
  EXPECT_EQ(with(R"({"a":"text"})", {"a", "b", "c"}, "2"), "invalid sub-path: /a");
}

WallTime at(std::int64_t seconds) { return WallTime(std::chrono::seconds(seconds)); }

TEST(Stamps, CreationIsKeptAndUpdatesAreNew) {
  json::Value first = value(R"({"uri":"/"})");
  stamp_new(first, nullptr, at(100));
  EXPECT_EQ(json::print(first), R"({"uri":"/","create_time":100,"update_time":100})");
  json::Value second = value("{}");
  stamp_new(second, &first, at(200));
  EXPECT_EQ(json::print(second), R"({"create_time":100,"update_time":200})");
  json::Value third = value("{}");
  json::Value old = value(R"({"update_time":50})");
  stamp_new(third, &old, at(300));
  EXPECT_EQ(json::print(third), R"({"create_time":50,"update_time":300})");
}

TEST(Stamps, APatchMayBringThem) {
  json::Value patched = value(R"({"create_time":1,"update_time":7})");
  json::Value patch = value(R"({"update_time":7})");
  stamp_patched(patched, &patch, at(100));
  EXPECT_EQ(json::print(patched), R"({"create_time":1,"update_time":7})");
  stamp_patched(patched, nullptr, at(100));
  EXPECT_EQ(json::print(patched), R"({"create_time":1,"update_time":100})");
}

TEST(Stamps, ClientsMayNotSendThem) {
  EXPECT_TRUE(refuse_stamps(value("{}")));
  EXPECT_EQ(refuse_stamps(value(R"({"create_time":1})")).error().what, "the property is forbidden:  create_time");
  EXPECT_EQ(refuse_stamps(value(R"({"update_time":1,"create_time":1})")).error().what,
            "the property is forbidden:  create_time update_time");
}

}  // namespace
}  // namespace sallyport::admin
