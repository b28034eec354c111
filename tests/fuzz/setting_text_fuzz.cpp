// Durations, sizes and misspelt keys of settings, and the variables of the environment in their text: what is read is
// read the same when it is written in its smallest unit, and a text without a reference is itself.

#include "base/environment.h"
#include "base/setting_text.h"
#include "require.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

using namespace sallyport;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (auto duration = parse_duration(text)) {
    require(duration->count() >= 0 && parse_duration(std::to_string(duration->count()) + "ms") == duration);
  }
  if (auto bytes = parse_size(text)) require(parse_size(std::to_string(*bytes)) == bytes);

  constexpr std::array<std::string_view, 3> kKnown{"id", "upstream", "enable_websocket"};
  const std::string_view meant = nearest(text, kKnown);
  require(meant.empty() || edit_distance(text, meant) <= 3);
  if (std::ranges::find(kKnown, text) != kKnown.end()) require(meant == text);

  auto substituted = substitute_environment(text, "text", [](const std::string& name) -> std::optional<std::string> {
    if (name.starts_with('A')) return name;
    return std::nullopt;
  });
  if (text.find("${{") == std::string_view::npos) require(substituted && *substituted == text);
  if (!substituted) require(substituted.error().what.starts_with("text:"));
  return 0;
}
