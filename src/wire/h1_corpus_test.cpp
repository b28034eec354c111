// Runs the cases of tests/corpus/h1 (its README.md tells the format): each whole, cut in two at every byte, and byte by
// byte, and all must come to the same.
#include "base/bytes.h"
#include "http/target.h"
#include "wire/h1.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>
#include <ostream>
#include <string>
#include <vector>

namespace sallyport::wire {
namespace {

struct Case {
  std::string where;  // file:line: name
  std::string method = "GET";
  std::string bytes;
  std::string unread;
  std::string outcome;
  std::vector<std::string> fields;
};

std::string unescape(std::string_view text);

// The part behind "\{": COUNT ":" TEXT "}".
std::string unescape_repeated(std::string_view& text) {
  std::size_t colon = text.find(':');
  std::size_t close = text.find('}');
  std::uint64_t count = parse_unsigned(text.substr(0, colon)).value();
  std::string once = unescape(text.substr(colon + 1, close - colon - 1));
  text.remove_prefix(close + 1);
  std::string all;
  while (count-- > 0) all += once;
  return all;
}

std::string unescape(std::string_view text) {
  std::string bytes;
  while (!text.empty()) {
    char c = text.front();
    text.remove_prefix(1);
    if (c != '\\') {
      bytes.push_back(c);
      continue;
    }
    char kind = text.front();
    text.remove_prefix(1);
    switch (kind) {
      case 'r':
        bytes.push_back('\r');
        break;
      case 'n':
        bytes.push_back('\n');
        break;
      case 't':
        bytes.push_back('\t');
        break;
      case '0':
        bytes.push_back('\0');
        break;
      case '\\':
        bytes.push_back('\\');
        break;
      case 'x':
        bytes.push_back(static_cast<char>(*hex_value(text[0]) << 4 | *hex_value(text[1])));
        text.remove_prefix(2);
        break;
      case '{':
        bytes += unescape_repeated(text);
        break;
      default:
        ADD_FAILURE() << "unknown escape \\" << kind;
    }
  }
  return bytes;
}

std::ifstream open_corpus(const std::string& name) {
  std::ifstream file(SALLYPORT_SOURCE_DIR "/tests/corpus/h1/" + name);
  EXPECT_TRUE(file.is_open()) << name;
  return file;
}

std::vector<Case> read_cases(const std::string& name) {
  std::ifstream file = open_corpus(name);
  std::vector<Case> cases;
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    if (line.empty() || line.starts_with("# ")) continue;
    if (line.starts_with("== ")) {
      cases.push_back({.where = fmt::format("{}:{}: {}", name, number, line.substr(3))});
    } else if (line.starts_with("method ")) {
      cases.back().method = line.substr(7);
    } else if (line.size() > 1) {
      std::string text = unescape(std::string_view(line).substr(2));
      if (line[0] == '>') cases.back().bytes += text;
      if (line[0] == '|') cases.back().unread += text;
      if (line[0] == '=') cases.back().outcome = text;
      if (line[0] == '+') cases.back().fields.push_back(text);
    }
  }
  return cases;
}

std::string field_line(const http::Field& field) {
  return fmt::format("{}:{}{}", field.name, field.value.empty() ? "" : " ", field.value);
}

std::string describe(http::BodyLength body) {
  using Kind = http::BodyLength::Kind;
  switch (body.kind) {
    case Kind::kNone:
      return "none";
    case Kind::kSized:
      return std::to_string(body.bytes);
    case Kind::kChunked:
      return "chunked";
    case Kind::kUntilClose:
      return "until_close";
  }
  return "";
}

std::string_view describe(http::Version version) { return version == http::Version::kHttp10 ? "1.0" : "1.1"; }

// What has been made of some bytes, as text.
struct Outcome {
  std::string text = "incomplete";
  std::vector<std::string> fields = {};
  std::size_t consumed = 0;
  friend bool operator==(const Outcome&, const Outcome&) = default;
  friend void PrintTo(const Outcome& outcome, std::ostream* out) {
    *out << outcome.text << " + " << testing::PrintToString(outcome.fields) << ", consumed " << outcome.consumed;
  }
};

Outcome failed(const ParseOutcome& parsed) {
  if (parsed.status == ParseStatus::kIncomplete) return {};
  return {fmt::format("{} {}", parsed.refusal, parsed.reason)};
}

Outcome succeeded(std::string text, const http::Headers& headers, std::size_t consumed) {
  Outcome outcome{.text = std::move(text), .consumed = consumed};
  for (const http::Field& field : headers) outcome.fields.push_back(field_line(field));
  return outcome;
}

// Parses ever longer beginnings, up to the ends given, until one is decided.
class RequestReader {
 public:
  explicit RequestReader(const Case&) {}
  Outcome read(std::string_view bytes) {
    ParseOutcome parsed = parse_request_head(bytes, head_, {});
    if (parsed.status != ParseStatus::kComplete) return failed(parsed);
    std::string text = fmt::format("ok {} {} {} host={} body={}", head_.method, head_.target, describe(head_.version),
                                   head_.authority, describe(head_.body));
    if (!head_.keep_alive) text += " close";
    if (head_.expects_continue) text += " continue";
    if (!head_.upgrade.empty()) text += fmt::format(" upgrade={}", head_.upgrade);
    return succeeded(text, head_.headers, parsed.bytes);
  }

 private:
  Arena arena_;
  http::RequestHead head_{arena_};
};

class ResponseReader {
 public:
  explicit ResponseReader(const Case& one) : method_(one.method) {}
  Outcome read(std::string_view bytes) {
    ParseOutcome parsed = parse_response_head(bytes, method_, head_, {});
    if (parsed.status != ParseStatus::kComplete) return failed(parsed);
    std::string text = fmt::format("ok {} {} body={}", head_.status, describe(head_.version), describe(head_.body));
    if (!head_.keep_alive) text += " close";
    if (head_.announced_length) text += fmt::format(" announced={}", *head_.announced_length);
    if (!head_.upgrade.empty()) text += fmt::format(" upgrade={}", head_.upgrade);
    return succeeded(text, head_.headers, parsed.bytes);
  }

 private:
  std::string method_;
  Arena arena_;
  http::ResponseHead head_{arena_};
};

class ChunkedReader {
 public:
  explicit ChunkedReader(const Case&) {}
  Outcome read(std::string_view bytes) {
    ChunkedDecoder::Step step;
    while (step.status == ParseStatus::kIncomplete && consumed_ < bytes.size()) {
      step = decoder_.next(bytes.substr(consumed_));
      consumed_ += step.consumed;
      data_ += step.data;
    }
    std::string data = data_.empty() ? "" : " " + data_;
    if (step.status == ParseStatus::kInvalid) return {fmt::format("invalid {}", step.reason)};
    if (step.status == ParseStatus::kIncomplete) return {"incomplete" + data};
    Arena arena;
    http::Headers trailers(arena);
    decoder_.trailers(trailers);
    return succeeded("ok" + data, trailers, consumed_);
  }

 private:
  ChunkedDecoder decoder_;
  std::size_t consumed_ = 0;
  std::string data_;
};

bool is_decided(const Outcome& outcome) { return !outcome.text.starts_with("incomplete"); }

// Every cut of short cases, some of long ones.
std::size_t stride(std::string_view bytes) { return 1 + bytes.size() / 2048; }

template <class Reader>
void run(const Case& one) {
  SCOPED_TRACE(one.where);
  std::string sent = one.bytes + one.unread;
  Outcome whole = Reader(one).read(sent);
  ASSERT_EQ(whole.text, one.outcome);
  if (!one.fields.empty()) ASSERT_EQ(whole.fields, one.fields);
  if (whole.text.starts_with("ok")) ASSERT_EQ(whole.consumed, one.bytes.size());

  Reader growing(one);
  Outcome grown;
  for (std::size_t cut = 0; cut <= sent.size(); cut += stride(sent)) {
    std::string_view beginning = std::string_view(sent).substr(0, cut);
    if (!is_decided(grown)) grown = growing.read(beginning);
    Reader halves(one);
    Outcome outcome = halves.read(beginning);
    if (!is_decided(outcome)) outcome = halves.read(sent);
    ASSERT_EQ(outcome, whole) << "cut at " << cut;
  }
  if (!is_decided(grown)) grown = growing.read(sent);
  ASSERT_EQ(grown, whole) << "byte by byte";
}

template <class Reader>
void run_all(const std::string& file) {
  std::vector<Case> cases = read_cases(file);
  EXPECT_FALSE(cases.empty());
  for (const Case& one : cases) run<Reader>(one);
}

TEST(Corpus, RequestFraming) { run_all<RequestReader>("requests_framing.txt"); }
TEST(Corpus, RequestLines) { run_all<RequestReader>("requests_line.txt"); }
TEST(Corpus, RequestFields) { run_all<RequestReader>("requests_fields.txt"); }
TEST(Corpus, RequestConnections) { run_all<RequestReader>("requests_connection.txt"); }
TEST(Corpus, Responses) { run_all<ResponseReader>("responses.txt"); }
TEST(Corpus, ChunkedBodies) { run_all<ChunkedReader>("chunked.txt"); }

TEST(Corpus, Targets) {
  std::ifstream file = open_corpus("targets.txt");
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    std::size_t arrow = line.find(" -> ");
    if (arrow == std::string::npos) continue;
    Arena arena;
    std::string target = unescape(line.substr(0, arrow));
    auto result = http::normalise_target(target, arena);
    std::string outcome =
        result ? fmt::format("{} {}{}{}", result->uri, result->path, result->has_query ? "?" : "", result->query)
               : fmt::format("400 {}", result.error());
    EXPECT_EQ(outcome, unescape(line.substr(arrow + 4))) << "targets.txt:" << number;
  }
}

}  // namespace
}  // namespace sallyport::wire
