#include "source/archive_member.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace sallyport::source {
namespace {

constexpr std::size_t kNameAt = 0, kNameSize = 100;
constexpr std::size_t kSizeAt = 124, kSizeSize = 12;
constexpr std::size_t kSumAt = 148, kSumSize = 8;
constexpr std::size_t kKindAt = 156;
constexpr std::size_t kMagicAt = 257;
constexpr std::size_t kPrefixAt = 345, kPrefixSize = 155;
constexpr std::uint64_t kMostSkipped = std::uint64_t{1} << 40;

using Header = std::array<char, 512>;

std::string_view field(const Header& header, std::size_t at, std::size_t size) { return {header.data() + at, size}; }

std::string_view text_field(const Header& header, std::size_t at, std::size_t size) {
  std::string_view text = field(header, at, size);
  return text.substr(0, text.find('\0'));
}

// Octal digits with spaces before and a space or NUL behind; or, with the highest bit set, GNU's binary form.
std::optional<std::uint64_t> number_field(std::string_view text) {
  std::uint64_t number = 0;
  if (static_cast<unsigned char>(text.front()) == 0x80) {
    for (char c : text.substr(1)) {
      if (number > (kMostSkipped >> 8)) return std::nullopt;
      number = number << 8 | static_cast<unsigned char>(c);
    }
    return number;
  }
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  std::size_t digits = 0;
  for (; digits < text.size() && text[digits] >= '0' && text[digits] <= '7'; ++digits) {
    number = number << 3 | static_cast<std::uint64_t>(text[digits] - '0');
  }
  if (digits < text.size() && text[digits] != ' ' && text[digits] != '\0') return std::nullopt;
  return number;
}

// The sum of all bytes, those of the sum itself counted as spaces.
bool has_good_sum(const Header& header) {
  std::uint64_t sum = 0;
  for (std::size_t at = 0; at < header.size(); ++at) {
    const bool is_sum = at >= kSumAt && at < kSumAt + kSumSize;
    sum += is_sum ? std::uint64_t{' '} : static_cast<unsigned char>(header[at]);
  }
  return number_field(field(header, kSumAt, kSumSize)) == sum;
}

std::string_view without_root(std::string_view name) {
  if (name.starts_with("./")) name.remove_prefix(2);
  return name.starts_with('/') ? name.substr(1) : name;
}

bool is_regular(char kind) { return kind == '0' || kind == '\0'; }

}  // namespace

Status ArchiveMember::feed(std::string_view bytes) {
  while (!bytes.empty() && state_ != State::kFound && state_ != State::kEnd) {
    if (state_ == State::kHeader) {
      const std::size_t taken = std::min(bytes.size(), kBlock - header_bytes_);
      std::ranges::copy(bytes.substr(0, taken), header_.begin() + static_cast<std::ptrdiff_t>(header_bytes_));
      header_bytes_ += taken;
      bytes.remove_prefix(taken);
      if (header_bytes_ == kBlock) TRY_STATUS(read_header());
      continue;
    }
    const auto taken = static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), left_));
    if (state_ == State::kFile) file_ += bytes.substr(0, taken);
    bytes.remove_prefix(taken);
    left_ -= taken;
    if (left_ == 0) state_ = state_ == State::kFile ? State::kFound : State::kHeader;
  }
  return {};
}

Status ArchiveMember::read_header() {
  header_bytes_ = 0;
  if (std::ranges::all_of(header_, [](char c) { return c == '\0'; })) {
    state_ = State::kEnd;
    return {};
  }
  if (!has_good_sum(header_)) return fail(ErrorCode::kInvalid, "is no tar archive: the checksum of a header is wrong");
  auto size = number_field(field(header_, kSizeAt, kSizeSize));
  if (!size || *size > kMostSkipped) return fail(ErrorCode::kInvalid, "is no tar archive: a member has no size");
  const bool has_prefix = field(header_, kMagicAt, 6) == std::string_view("ustar\0", 6) &&
                          !text_field(header_, kPrefixAt, kPrefixSize).empty();
  const bool is_wanted =
      !has_prefix && is_regular(header_[kKindAt]) && without_root(text_field(header_, kNameAt, kNameSize)) == name_;
  if (!is_wanted) {
    left_ = (*size + kBlock - 1) / kBlock * kBlock;
    state_ = left_ == 0 ? State::kHeader : State::kSkip;
    return {};
  }
  if (*size > most_) {
    return fail(ErrorCode::kLimit, fmt::format("{} has {} bytes, and {} are allowed", name_, *size, most_));
  }
  left_ = *size;
  state_ = left_ == 0 ? State::kFound : State::kFile;
  return {};
}

}  // namespace sallyport::source
