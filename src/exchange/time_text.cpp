#include "exchange/time_text.h"

#include <fmt/format.h>

#include <array>
#include <ctime>

namespace sallyport::exchange {
namespace {

constexpr std::array kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

// The texts of one second: most requests of a worker end in a second whose texts are already made.
struct Second {
  std::time_t second = -1;
  std::string local;
  std::string iso8601;

  void be(std::time_t wanted) {
    if (second == wanted) return;
    second = wanted;
    std::tm t{};
    localtime_r(&second, &t);
    long minutes = t.tm_gmtoff / 60;
    char sign = minutes < 0 ? '-' : '+';
    minutes = minutes < 0 ? -minutes : minutes;
    local = fmt::format("{:02}/{}/{}:{:02}:{:02}:{:02} {}{:02}{:02}", t.tm_mday,
                        kMonths[static_cast<std::size_t>(t.tm_mon)], t.tm_year + 1900, t.tm_hour, t.tm_min, t.tm_sec,
                        sign, minutes / 60, minutes % 60);
    iso8601 = fmt::format("{}-{:02}-{:02}T{:02}:{:02}:{:02}{}{:02}:{:02}", t.tm_year + 1900, t.tm_mon + 1, t.tm_mday,
                          t.tm_hour, t.tm_min, t.tm_sec, sign, minutes / 60, minutes % 60);
  }
};

const Second& second_of(WallTime time) {
  thread_local Second last;
  last.be(std::chrono::system_clock::to_time_t(std::chrono::floor<std::chrono::seconds>(time)));
  return last;
}

}  // namespace

std::string_view local_time_text(WallTime time) { return second_of(time).local; }
std::string_view iso8601_time_text(WallTime time) { return second_of(time).iso8601; }

std::string_view seconds_text(std::chrono::nanoseconds duration, char* room) {
  auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
  char* end = fmt::format_to(room, "{}.{:03}", milliseconds / 1000, milliseconds % 1000);
  return {room, static_cast<std::size_t>(end - room)};
}

}  // namespace sallyport::exchange
