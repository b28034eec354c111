#pragma once
// Reads the responses of one connection and compares each with what is expected.
// A head that was checked once is remembered for all connections; the same bytes again, save the date, need no second
// look, so that checking everything costs the generator next to nothing.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

struct Expectation {
  std::string status;
  std::vector<std::string> headers;  // lower case, "\r\nname: value\r\n"
  std::string body;                  // empty: any

  static std::string header_line(std::string_view header);  // "Name: value" as `headers` wants it
};

// The last head that was as expected.
class KnownHead final {
 public:
  bool is_at_start_of(std::string_view bytes) const;
  std::size_t size() const { return bytes_.size(); }
  std::size_t body_size() const { return body_size_; }
  const std::string& bytes() const { return bytes_; }
  bool closes() const { return closes_; }
  void learn(std::string_view head, std::size_t body_size, bool closes);

 private:
  std::string bytes_;
  std::size_t date_ = 0;  // where the value of Date begins; the end when there is none
  std::size_t body_size_ = 0;
  bool closes_ = false;
};

class ResponseReader final {
 public:
  enum class State { kMore, kComplete, kWrong };

  // Both are shared by all connections and outlive the reader.
  ResponseReader(const Expectation& expected, KnownHead& known) : expected_(expected), known_(known) {}

  State take(std::string_view bytes);
  const std::string& reason() const { return reason_; }  // after kWrong
  bool closes() const { return closes_; }                // after kComplete: it was the last of its connection
  void restart();

 private:
  State take_head(std::string_view bytes);
  State take_body(std::string_view bytes);
  State wrong(std::string reason);

  const Expectation& expected_;
  KnownHead& known_;
  bool has_head_ = false;
  bool closes_ = false;
  std::string held_;  // an incomplete head
  std::size_t body_size_ = 0;
  std::size_t body_got_ = 0;
  std::string reason_;
};

}  // namespace bench
