#include "http/message.h"

#include <array>
#include <cstddef>
#include <utility>

namespace sallyport::http {
namespace {

constexpr int kFirst = 100;
constexpr int kEnd = 600;

constexpr std::pair<int, std::string_view> kPhrases[] = {
    {100, "Continue"},
    {101, "Switching Protocols"},
    {103, "Early Hints"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {203, "Non-Authoritative Information"},
    {204, "No Content"},
    {205, "Reset Content"},
    {206, "Partial Content"},
    {300, "Multiple Choices"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {402, "Payment Required"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {407, "Proxy Authentication Required"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Content"},
    {426, "Upgrade Required"},
    {428, "Precondition Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
    {511, "Network Authentication Required"},
};

constexpr auto kByStatus = [] {
  std::array<std::string_view, kEnd - kFirst> table{};
  for (const auto& [status, phrase] : kPhrases) table[static_cast<std::size_t>(status - kFirst)] = phrase;
  return table;
}();

constexpr std::size_t kDigits = 3;
constexpr auto kAllDigits = [] {
  std::array<char, kDigits*(kEnd - kFirst)> digits{};
  char* to = digits.data();
  for (int status = kFirst; status < kEnd; ++status) {
    for (int unit : {100, 10, 1}) *to++ = static_cast<char>('0' + status / unit % 10);
  }
  return digits;
}();

constexpr bool is_status(int status) { return status >= kFirst && status < kEnd; }

}  // namespace

std::string_view reason_phrase(int status) noexcept {
  return is_status(status) ? kByStatus[static_cast<std::size_t>(status - kFirst)] : std::string_view{};
}

std::string_view status_digits(int status) noexcept {
  if (!is_status(status)) return {};
  return {kAllDigits.data() + kDigits * static_cast<std::size_t>(status - kFirst), kDigits};
}

}  // namespace sallyport::http
