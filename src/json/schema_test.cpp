#include "json/schema.h"

#include "json/parse.h"

#include <gmock/gmock.h>

namespace sallyport::json {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

// What `schema` says against `value`; "ok" when nothing.
std::string verdict(std::string_view schema, std::string_view value) {
  auto parsed = parse(value);
  if (!parsed) return parsed.error().what;
  Status status = Schema::must_compile(schema).check(*parsed);
  return status ? "ok" : status.error().what;
}

std::string filled(std::string_view schema, std::string_view text) {
  Value value = *parse(text);
  Schema::must_compile(schema).fill_defaults(value);
  return print(value);
}

std::string compile_error(std::string_view schema) {
  auto compiled = Schema::compile(*parse(schema));
  return compiled ? "compiles" : compiled.error().what;
}

TEST(SchemaType, SaysWhatWasExpectedAndWhatCame) {
  EXPECT_EQ(verdict(R"({"type":"string"})", "5"), "wrong type: expected string, got number");
  EXPECT_EQ(verdict(R"({"type":"object"})", "[]"), "wrong type: expected object, got table");
  EXPECT_EQ(verdict(R"({"type":["string","object"]})", "true"),
            "wrong type: expected one of string, object, got boolean");
  EXPECT_EQ(verdict(R"({"type":["string","object"]})", "{}"), "ok");
}

TEST(SchemaType, AWholeDoubleIsAnInteger) {
  EXPECT_EQ(verdict(R"({"type":"integer"})", "2.0"), "ok");
  EXPECT_EQ(verdict(R"({"type":"integer"})", "2.5"), "wrong type: expected integer, got number");
  EXPECT_EQ(verdict(R"({"type":"number"})", "2"), "ok");
}

TEST(SchemaType, EnumAndConstCompareWholeValues) {
  EXPECT_EQ(verdict(R"({"enum":["GET",1,null,{"a":1}]})", "{\"a\":1.0}"), "ok");
  EXPECT_EQ(verdict(R"({"enum":["GET",1,null]})", "\"get\""), "matches none of the enum values");
  EXPECT_EQ(verdict(R"({"const":[1]})", "[1]"), "ok");
  EXPECT_EQ(verdict(R"({"const":[1]})", "[2]"), "failed to check const value");
}

TEST(SchemaObject, PlacesNestInTheMessage) {
  constexpr std::string_view schema = R"({"properties":{"upstream":{"properties":{"retries":{"minimum":0}}}}})";
  EXPECT_EQ(verdict(schema, R"({"upstream":{"retries":-1}})"),
            "property \"upstream\" validation failed: property \"retries\" validation failed: "
            "expected -1 to be at least 0");
  EXPECT_EQ(verdict(schema, R"({"upstream":{"retries":0},"other":1})"), "ok");
  EXPECT_EQ(verdict(schema, "\"no object\""), "ok");
}

TEST(SchemaObject, RequiredMembersMustBeThere) {
  EXPECT_EQ(verdict(R"({"required":["conf"]})", "{}"), "property \"conf\" is required");
  EXPECT_EQ(verdict(R"({"required":["conf"]})", R"({"conf":null})"), "ok");
}

TEST(SchemaObject, AdditionalMembersAreForbiddenOrChecked) {
  EXPECT_EQ(verdict(R"({"properties":{"a":{}},"additionalProperties":false})", R"({"a":1,"xyz":2})"),
            "additional properties forbidden, found xyz");
  EXPECT_EQ(verdict(R"({"patternProperties":{"^x-":{}},"additionalProperties":false})", R"({"x-a":1})"), "ok");
  EXPECT_EQ(verdict(R"({"properties":{"a":{}},"additionalProperties":{"type":"string"}})", R"({"a":1,"b":2})"),
            "failed to validate additional property b: wrong type: expected string, got number");
}

TEST(SchemaObject, PatternsCheckTheMembersTheyFit) {
  EXPECT_EQ(verdict(R"({"patternProperties":{".*":{"type":"string"}}})", R"({"env":[]})"),
            "failed to validate env (matching \".*\"): wrong type: expected string, got table");
}

TEST(SchemaObject, DependenciesAreNamesOrSchemas) {
  EXPECT_EQ(verdict(R"({"dependencies":{"cert":["key"]}})", R"({"cert":1})"),
            "property \"key\" is required when \"cert\" is set");
  EXPECT_EQ(verdict(R"({"dependencies":{"cert":{"required":["key"]}}})", R"({"cert":1})"),
            "failed to validate dependent schema for \"cert\": property \"key\" is required");
  EXPECT_EQ(verdict(R"({"dependencies":{"cert":["key"],"a":{"required":["b"]}}})", "{}"), "ok");
}

TEST(SchemaObject, MembersAreCountedAndTheirNamesChecked) {
  EXPECT_EQ(verdict(R"({"minProperties":1})", "{}"), "expect object to have at least 1 properties");
  EXPECT_EQ(verdict(R"({"maxProperties":1})", R"({"a":1,"b":1})"), "expect object to have at most 1 properties");
  EXPECT_EQ(verdict(R"({"propertyNames":{"maxLength":2}})", R"({"abc":1})"),
            "name of property \"abc\": string too long, expected at most 2, got 3");
}

TEST(SchemaArray, ItemsFollowOneSchemaOrOneEach) {
  EXPECT_EQ(verdict(R"({"items":{"type":"string"}})", R"(["a",2])"),
            "failed to validate item 2: wrong type: expected string, got number");
  EXPECT_EQ(verdict(R"({"items":[{"type":"string"},{"type":"number"}]})", R"(["a","b"])"),
            "failed to validate item 2: wrong type: expected number, got string");
  EXPECT_EQ(verdict(R"({"items":[{"type":"string"}]})", R"(["a","b",{}])"), "ok");
  EXPECT_EQ(verdict(R"({"items":[{},{}]})", "[1]"), "ok");
}

TEST(SchemaArray, AdditionalItemsAreForbiddenOrChecked) {
  EXPECT_EQ(verdict(R"({"items":[{}],"additionalItems":false})", "[1,2]"), "found unexpected extra items in array");
  EXPECT_EQ(verdict(R"({"items":[{}],"additionalItems":{"type":"string"}})", "[1,2]"),
            "failed to validate additional item 2: wrong type: expected string, got number");
}

TEST(SchemaArray, ItemsAreCounted) {
  EXPECT_EQ(verdict(R"({"minItems":1})", "[]"), "expect array to have at least 1 items");
  EXPECT_EQ(verdict(R"({"maxItems":1})", "[1,2]"), "expect array to have at most 1 items");
}

TEST(SchemaArray, UniqueItemsAreComparedByValue) {
  EXPECT_EQ(verdict(R"({"uniqueItems":true})", R"([1,{"a":1,"b":2},{"b":2,"a":1.0}])"),
            "expected unique items but items 2 and 3 are equal");
  EXPECT_EQ(verdict(R"({"uniqueItems":true})", R"([1,"1",[1],[[1]],{"a":[]},{"a":{}},null,true])"), "ok");
  EXPECT_EQ(verdict(R"({"uniqueItems":false})", "[1,1]"), "ok");
}

TEST(SchemaArray, ContainsWantsOneThatFits) {
  EXPECT_EQ(verdict(R"({"contains":{"type":"string"}})", R"([1,"a"])"), "ok");
  EXPECT_EQ(verdict(R"({"contains":{"type":"string"}})", "[1]"), "failed to check contains");
  EXPECT_EQ(verdict(R"({"contains":{}})", "[]"), "check contains: empty array is invalid");
}

TEST(SchemaString, LengthsCountCharacters) {
  EXPECT_EQ(verdict(R"({"minLength":1})", "\"\""), "string too short, expected at least 1, got 0");
  EXPECT_EQ(verdict(R"({"maxLength":2})", "\"abc\""), "string too long, expected at most 2, got 3");
  EXPECT_EQ(verdict(R"({"maxLength":2})", "\"\xc3\xa9\xe2\x82\xac\""), "ok");
}

TEST(SchemaString, PatternsOccurAnywhere) {
  EXPECT_EQ(verdict(R"({"pattern":"^a\\d"})", "\"b1\""), R"(failed to match pattern "^a\d" with "b1")");
  EXPECT_EQ(verdict(R"({"pattern":"b"})", "\"abc\""), "ok");
}

TEST(SchemaString, AddressFormatsAreChecked) {
  EXPECT_EQ(verdict(R"({"format":"ipv4"})", "\"127.0.0.1\""), "ok");
  EXPECT_EQ(verdict(R"({"format":"ipv4"})", "\"256.0.0.1\""), "expect valid ipv4 format but got: 256.0.0.1");
  EXPECT_EQ(verdict(R"({"format":"ipv6"})", "\"::1\""), "ok");
  EXPECT_EQ(verdict(R"({"format":"ipv6"})", "\"[::1]\""), "expect valid ipv6 format but got: [::1]");
  EXPECT_EQ(verdict(R"({"format":"ipv4"})", "\"127.0.0.1\\u0000\"").substr(0, 17), "expect valid ipv4");
  EXPECT_EQ(verdict(R"({"format":"anything else"})", "\"x\""), "ok");
}

TEST(SchemaNumber, BoundsIncludeOrExcludeTheirValue) {
  EXPECT_EQ(verdict(R"({"minimum":10})", "5"), "expected 5 to be at least 10");
  EXPECT_EQ(verdict(R"({"maximum":1.5})", "2"), "expected 2 to be at most 1.5");
  EXPECT_EQ(verdict(R"({"exclusiveMinimum":0})", "0"), "expected 0 to be greater than 0");
  EXPECT_EQ(verdict(R"({"exclusiveMaximum":3})", "3.0"), "expected 3 to be smaller than 3");
  EXPECT_EQ(verdict(R"({"minimum":0,"exclusiveMinimum":true})", "0"), "expected 0 to be greater than 0");
  EXPECT_EQ(verdict(R"({"minimum":0,"exclusiveMinimum":false})", "0"), "ok");
  EXPECT_EQ(verdict(R"({"maximum":9007199254740992})", "9007199254740993"),
            "expected 9007199254740993 to be at most 9007199254740992");
}

TEST(SchemaNumber, MultiplesForgiveRounding) {
  EXPECT_EQ(verdict(R"({"multipleOf":0.01})", "1.13"), "ok");
  EXPECT_EQ(verdict(R"({"multipleOf":5})", "12"), "expected 12 to be a multiple of 5");
  EXPECT_EQ(verdict(R"({"multipleOf":0.5})", "1.3"), "expected 1.3 to be a multiple of 0.5");
}

TEST(SchemaCombination, AllMustMatch) {
  EXPECT_EQ(verdict(R"({"allOf":[{},{"minimum":3}]})", "2"), "allOf 2 failed: expected 2 to be at least 3");
}

TEST(SchemaCombination, AnyMayMatch) {
  constexpr std::string_view schema = R"({"anyOf":[{"required":["a"]},{"required":["b","c"]}]})";
  EXPECT_EQ(verdict(schema, R"({"b":1,"c":1})"), "ok");
  EXPECT_EQ(verdict(schema, "{}"), R"(object matches none of the required: ["a"] or ["b","c"])");
  EXPECT_EQ(verdict(R"({"anyOf":[{"type":"string"},{"type":"boolean"}]})", "0"),
            "object matches none of the required: wrong type: expected string, got number or "
            "wrong type: expected boolean, got number");
}

TEST(SchemaCombination, OnlyChoicesForTheValuesTypeAreExplained) {
  EXPECT_EQ(verdict(R"({"anyOf":[{"type":"string"},{"type":"number","minimum":1},{"maximum":-1}]})", "0"),
            "object matches none of the required: expected 0 to be at least 1 or expected 0 to be at most -1");
  EXPECT_EQ(verdict(R"({"anyOf":[{"title":"IPv4","format":"ipv4"},{"title":"IPv6","format":"ipv6"}]})", R"("x")"),
            R"(object matches none of the required: "IPv4" or "IPv6")");
}

TEST(SchemaCombination, ExactlyOneMustMatch) {
  constexpr std::string_view schema = R"({"oneOf":[{"required":["uri"]},{"required":["uris"]}]})";
  EXPECT_EQ(verdict(schema, R"({"uri":1})"), "ok");
  EXPECT_EQ(verdict(schema, R"({"uri":1,"uris":1})"),
            "value should match only one schema, but matches both schemas 1 and 2");
  EXPECT_EQ(verdict(schema, "{}"), R"(value should match only one schema, but matches none: ["uri"] or ["uris"])");
}

TEST(SchemaCombination, AConditionPicksTheClause) {
  constexpr std::string_view schema =
      R"({"if":{"properties":{"type":{"const":"a"}}},"then":{"required":["x"]},"else":{"required":["y"]}})";
  EXPECT_EQ(verdict(schema, R"({"type":"a","x":1})"), "ok");
  EXPECT_EQ(verdict(schema, R"({"type":"a"})"), "then clause did not match: property \"x\" is required");
  EXPECT_EQ(verdict(schema, R"({"type":"b"})"), "else clause did not match: property \"y\" is required");
  EXPECT_EQ(verdict(R"({"if":{"type":"string"},"then":{"minLength":1}})", "1"), "ok");
}

TEST(SchemaCombination, NotRefusesWhatMatches) {
  EXPECT_EQ(verdict(R"({"not":{"required":["a"]}})", R"({"a":1})"), "value wasn't supposed to match schema");
  EXPECT_EQ(verdict(R"({"not":{"required":["a"]}})", "{}"), "ok");
}

TEST(SchemaCombination, TrueAndFalseAreSchemas) {
  EXPECT_EQ(verdict("true", "1"), "ok");
  EXPECT_EQ(verdict(R"({"properties":{"a":false}})", R"({"a":1})"),
            "property \"a\" validation failed: expect false always");
}

TEST(SchemaReference, DefinitionsAreSharedAndMayBeRecursive) {
  constexpr std::string_view tree =
      R"({"$ref":"#/definitions/tree","definitions":{"tree":{"properties":{
          "name":{"$ref":"#/$defs/na~1me"},"left":{"$ref":"#/definitions/tree"}}}},"$defs":{"na/me":{"type":"string"}}})";
  EXPECT_EQ(verdict(tree, R"({"name":"a","left":{"left":{"name":"b"}}})"), "ok");
  EXPECT_EQ(verdict(tree, R"({"left":{"left":{"name":1}}})"),
            "property \"left\" validation failed: property \"left\" validation failed: "
            "property \"name\" validation failed: wrong type: expected string, got number");
  EXPECT_EQ(verdict(R"({"items":[{"type":"string"},{"$ref":"#/items/0"}]})", R"(["a",1])"),
            "failed to validate item 2: wrong type: expected string, got number");
}

TEST(SchemaReference, ACircleEndsInAnError) {
  EXPECT_THAT(verdict(R"({"allOf":[{"$ref":"#"}]})", "1"), HasSubstr("refers to itself without end"));
  EXPECT_EQ(filled(R"({"allOf":[{"$ref":"#"}],"properties":{"a":{"default":1}}})", "{}"), R"({"a":1})");
}

TEST(SchemaCompile, ErrorsNameTheirPlace) {
  EXPECT_THAT(compile_error(R"({"properties":{"a":{"pattern":"("}}})"),
              StartsWith("schema #/properties/a/pattern: regular expression"));
  EXPECT_EQ(compile_error(R"({"items":{"type":"text"}})"), "schema #/items: \"type\" names no type of JSON");
  EXPECT_EQ(compile_error(R"({"oneOf":[{},5]})"), "schema #/oneOf/1: a schema is an object, true or false");
  EXPECT_EQ(compile_error(R"({"$ref":"#/definitions/x"})"),
            "schema #: $ref \"#/definitions/x\" names nothing in this schema");
  EXPECT_THAT(compile_error(R"({"$ref":"http://x/y"})"), HasSubstr("only places in this schema"));
  for (std::string_view bad :
       {R"({"required":"a"})", R"({"required":[1]})", R"({"minLength":-1})", R"({"minItems":"1"})", R"({"enum":1})",
        R"({"properties":[]})", R"({"patternProperties":{"(":{}}})", R"({"multipleOf":0})", R"({"anyOf":{}})",
        R"({"exclusiveMinimum":"1"})", R"({"dependencies":{"a":[1]}})", R"({"uniqueItems":1})"}) {
    EXPECT_THAT(compile_error(bad), StartsWith("schema #")) << bad;
  }
}

TEST(SchemaDefaults, AbsentMembersAreFilledAtAnyDepth) {
  constexpr std::string_view schema = R"({"properties":{
      "a":{"default":1},
      "b":{"properties":{"c":{"default":[]}}},
      "list":{"items":{"properties":{"priority":{"default":0}}}},
      "nested":{"default":{},"properties":{"x":{"default":"y"}}}},
    "patternProperties":{"^p":{"properties":{"q":{"default":true}}}},
    "additionalProperties":{"properties":{"z":{"default":null}}}})";
  EXPECT_EQ(filled(schema, "{}"), R"({"a":1,"nested":{"x":"y"}})");
  EXPECT_EQ(filled(schema, R"({"a":2,"b":{},"list":[{"priority":5},{}],"nested":{},"p1":{},"other":{}})"),
            R"({"a":2,"b":{"c":[]},"list":[{"priority":5},{"priority":0}],"nested":{"x":"y"},"p1":{"q":true},)"
            R"("other":{"z":null}})");
  EXPECT_EQ(filled(schema, "[1]"), "[1]");
}

TEST(SchemaDefaults, ChoicesFillByTheOneThatMatches) {
  constexpr std::string_view schema = R"({"oneOf":[
      {"required":["a"],"properties":{"x":{"default":1}}},
      {"required":["b"],"properties":{"x":{"default":2}}}]})";
  EXPECT_EQ(filled(schema, R"({"b":0})"), R"({"b":0,"x":2})");
  EXPECT_EQ(filled(schema, "{}"), "{}");
  EXPECT_EQ(filled(R"({"if":{"required":["a"]},"then":{"properties":{"x":{"default":1}}}})", R"({"a":0})"),
            R"({"a":0,"x":1})");
}

TEST(SchemaDefaults, ChecksSeeTheDefaultsAndLeaveTheValue) {
  constexpr std::string_view schema = R"({"properties":{"policy":{"default":"local"}},
      "if":{"properties":{"policy":{"const":"redis"}}},"then":{"required":["host"]}})";
  Value value = Object{};
  EXPECT_TRUE(Schema::must_compile(schema).check(value));
  EXPECT_EQ(print(value), "{}");
  EXPECT_THAT(verdict(schema, R"({"policy":"redis"})"), HasSubstr("\"host\" is required"));
}

TEST(Schema, KeepsItsSourceAndOutlivesIt) {
  Schema copy = [] { return *Schema::compile(*parse(R"({"type":"string","pattern":"^a"})")); }();
  EXPECT_EQ(print(copy.source()), R"({"type":"string","pattern":"^a"})");
  EXPECT_TRUE(copy.check(Value("ab")));
  EXPECT_FALSE(copy.check(Value("b")));
}

}  // namespace
}  // namespace sallyport::json
