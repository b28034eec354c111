#include "http/date.h"

#include <array>
#include <ctime>

namespace sallyport::http {
namespace {

// Not strftime: its names follow the locale.
constexpr std::array<const char*, 7> kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<const char*, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                              "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

struct Cached {
  std::time_t second = -1;
  std::array<char, 30> text{};
};

void put_number(char* to, int value, int digits) {
  for (int i = digits - 1; i >= 0; --i) {
    to[i] = static_cast<char>('0' + value % 10);
    value /= 10;
  }
}

void put_name(char* to, const char* name) {
  for (int i = 0; i < 3; ++i) to[i] = name[i];
}

}  // namespace

std::string_view current_date() noexcept {
  thread_local Cached cached;
  timespec now;
  clock_gettime(CLOCK_REALTIME_COARSE, &now);
  if (now.tv_sec != cached.second) {
    cached.second = now.tv_sec;
    std::tm utc{};
    gmtime_r(&cached.second, &utc);
    constexpr std::string_view kShape = "Day, 00 Mon 0000 00:00:00 GMT";
    char* text = cached.text.data();
    kShape.copy(text, kShape.size());
    put_name(text, kDays[static_cast<std::size_t>(utc.tm_wday)]);
    put_number(text + 5, utc.tm_mday, 2);
    put_name(text + 8, kMonths[static_cast<std::size_t>(utc.tm_mon)]);
    put_number(text + 12, utc.tm_year + 1900, 4);
    put_number(text + 17, utc.tm_hour, 2);
    put_number(text + 20, utc.tm_min, 2);
    put_number(text + 23, utc.tm_sec, 2);
  }
  return {cached.text.data(), 29};
}

}  // namespace sallyport::http
