#pragma once
// YAML text as a JSON value that knows where each part of it was written. A Document is plain data.
//
// Plain scalars are typed by the core schema of YAML 1.2 (10.3.2): null, booleans, integers, floats, else text; quoted
// and block scalars are text. Anchors, aliases and `<<` merges are resolved.

#include "base/result.h"
#include "json/value.h"

#include <string>
#include <string_view>
#include <vector>

namespace sallyport::yaml {

// A place in a text, counted from 1.
struct Mark {
  int line = 1;
  int column = 1;
};

// The places of a value: of the key for a member, of its first character for everything else. The children are those of
// the object's members or the array's elements; what came from an alias has none.
struct Marks {
  Mark mark;
  std::vector<Marks> children;
};

class Document {
 public:
  // One document; an empty text is null. Refused are duplicate keys, keys that are no scalars, custom tags, infinite
  // numbers, more than 128 levels, and aliases that unfold into more than 64 MiB.
  // `name` names the text in messages. Error: kInvalid, "NAME:line:column: cause".
  static Result<Document> parse(std::string_view text, std::string name);

  const json::Value& value() const { return value_; }

  // "NAME:line:column" of the value that a JSON pointer (RFC 6901) such as "/routes/0/uri" leads to, or of the deepest
  // part on the way to it that exists.
  std::string where(std::string_view pointer) const;
  Mark locate(std::string_view pointer) const;

 private:
  Document(std::string name, json::Value value, Marks marks);

  std::string name_;
  json::Value value_;
  Marks marks_;
};

}  // namespace sallyport::yaml
