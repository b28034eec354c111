#include "base/regex.h"

#include <fmt/format.h>
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

namespace sallyport {
namespace {

constexpr std::uint32_t kMatchLimit = 1'000'000;

// Match data and limits of one thread, reused by every pattern.
struct Scratch {
  pcre2_match_data* data = pcre2_match_data_create(32, nullptr);
  pcre2_match_context* context = pcre2_match_context_create(nullptr);
  Scratch() { pcre2_set_match_limit(context, kMatchLimit); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() {
    pcre2_match_data_free(data);
    pcre2_match_context_free(context);
  }
};

Scratch& scratch() {
  thread_local Scratch of_this_thread;
  return of_this_thread;
}

// Appends `replacement` with its group references filled in from `groups`.
void expand(std::string& to, std::string_view replacement, const std::vector<std::string_view>& groups) {
  for (std::size_t i = 0; i < replacement.size(); ++i) {
    if (replacement[i] != '$') {
      to.push_back(replacement[i]);
      continue;
    }
    std::size_t at = i + 1;
    if (at < replacement.size() && replacement[at] == '$') {
      to.push_back(replacement[i++]);
      continue;
    }
    bool braced = at < replacement.size() && replacement[at] == '{';
    if (braced) ++at;
    std::size_t number = 0, digits = 0;
    while (at < replacement.size() && replacement[at] >= '0' && replacement[at] <= '9' && digits < 2) {
      number = number * 10 + static_cast<std::size_t>(replacement[at++] - '0');
      ++digits;
    }
    bool closed = !braced || (at < replacement.size() && replacement[at] == '}');
    if (digits == 0 || !closed) {
      to.push_back('$');
      continue;
    }
    if (number < groups.size()) to.append(groups[number]);
    i = braced ? at : at - 1;
  }
}

}  // namespace

struct Regex::Code {
  pcre2_code* compiled = nullptr;
  ~Code() { pcre2_code_free(compiled); }

  // Groups of the first match at or after `from`.
  std::vector<std::string_view> first(std::string_view text, std::size_t from) const {
    Scratch& s = scratch();
    int count =
        pcre2_match(compiled, reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), from, 0, s.data, s.context);
    std::vector<std::string_view> groups;
    if (count <= 0) return groups;
    PCRE2_SIZE* offsets = pcre2_get_ovector_pointer(s.data);
    for (int i = 0; i < count; ++i) {
      bool set = offsets[2 * i] != PCRE2_UNSET && offsets[2 * i + 1] >= offsets[2 * i];
      groups.push_back(set ? text.substr(offsets[2 * i], offsets[2 * i + 1] - offsets[2 * i]) : std::string_view{});
    }
    return groups;
  }
};

Regex::Regex(std::unique_ptr<Code> code) : code_(std::move(code)) {}
Regex::Regex(Regex&&) noexcept = default;
Regex& Regex::operator=(Regex&&) noexcept = default;
Regex::~Regex() = default;

Result<Regex> Regex::compile(std::string_view pattern, Case match_case) {
  int code = 0;
  PCRE2_SIZE offset = 0;
  auto owner = std::make_unique<Code>();
  owner->compiled = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(),
                                  match_case == Case::kIgnored ? PCRE2_CASELESS : 0, &code, &offset, nullptr);
  if (!owner->compiled) {
    char text[256];
    pcre2_get_error_message(code, reinterpret_cast<PCRE2_UCHAR*>(text), sizeof text);
    return fail(ErrorCode::kInvalid, fmt::format("regular expression \"{}\", offset {}: {}", pattern, offset, text));
  }
  pcre2_jit_compile(owner->compiled, PCRE2_JIT_COMPLETE);  // without JIT it still matches
  return Regex(std::move(owner));
}

bool Regex::matches(std::string_view text) const {
  Scratch& s = scratch();
  return pcre2_match(code_->compiled, reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), 0, 0, s.data,
                     s.context) >= 0;
}

std::vector<std::string_view> Regex::capture(std::string_view text) const { return code_->first(text, 0); }

std::string Regex::replace(std::string_view text, std::string_view replacement, bool each) const {
  std::string out;
  std::size_t from = 0;
  while (from <= text.size()) {
    auto groups = code_->first(text, from);
    if (groups.empty()) break;
    auto start = static_cast<std::size_t>(groups[0].data() - text.data());
    out.append(text.substr(from, start - from));
    expand(out, replacement, groups);
    from = start + groups[0].size();
    if (groups[0].empty()) {  // an empty match moves on by one byte
      if (from < text.size()) out.push_back(text[from]);
      ++from;
    }
    if (!each) break;
  }
  if (from < text.size()) out.append(text.substr(from));
  return out;
}

}  // namespace sallyport
