#pragma once
// The texts of settings as values, and how alike two keys are.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace sallyport {

// nginx's durations: "60" (seconds), "1m30s", "500ms", units ms s m h d. Nothing when the text is none.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

// nginx's sizes: "100" (bytes), "8k", "1m", "2g", any case. Nothing when the text is none.
std::optional<std::uint64_t> parse_size(std::string_view text);

// How many letters to insert, remove or replace until `a` is `b`.
std::size_t edit_distance(std::string_view a, std::string_view b);

// The one of `known` that `word` is most likely a misspelling of: one letter may differ in up to three, two in up to
// eleven, three in longer words. Empty when nothing is so near.
std::string_view nearest(std::string_view word, std::span<const std::string_view> known);

// "; did you mean WORD?" with the nearest one; empty when there is none.
std::string did_you_mean(std::string_view word, std::span<const std::string_view> known);

}  // namespace sallyport
