#include "wire/chunk_extension.h"

#include "http/byte_class.h"

#include <array>
#include <cstddef>

namespace sallyport::wire {
namespace {

using State = ChunkExtension::State;

enum class Kind : std::uint8_t { kToken, kBlank, kSemicolon, kEquals, kQuote, kBackslash, kOther, kNever };

Kind kind_of(char c) {
  if (http::is_in(c, http::kTokenByte)) return Kind::kToken;
  switch (c) {
    case ' ':
    case '\t':
      return Kind::kBlank;
    case ';':
      return Kind::kSemicolon;
    case '=':
      return Kind::kEquals;
    case '"':
      return Kind::kQuote;
    case '\\':
      return Kind::kBackslash;
    default:
      return http::is_in(c, http::kValueByte) ? Kind::kOther : Kind::kNever;
  }
}

constexpr State no = State::kRefused;
constexpr State name = State::kBeforeName;
constexpr State value = State::kBeforeValue;
constexpr State quoted = State::kQuoted;
constexpr State blanks = State::kAfterBlanks;

// chunk-ext = *( BWS ";" BWS name [ BWS "=" BWS ( token / quoted-string ) ] ), as state and kind of byte -> state
constexpr std::array<std::array<State, 8>, 11> kNext = {{
    //   token          blank              ;       =      "                    backslash         other   never
    {no, blanks, name, no, no, no, no, no},                                              // kNone
    {State::kName, name, no, no, no, no, no, no},                                        // kBeforeName
    {State::kName, State::kAfterName, name, value, no, no, no, no},                      // kName
    {no, State::kAfterName, name, value, no, no, no, no},                                // kAfterName
    {State::kToken, value, no, no, quoted, no, no, no},                                  // kBeforeValue
    {State::kToken, blanks, name, no, no, no, no, no},                                   // kToken
    {quoted, quoted, quoted, quoted, State::kAfterQuotes, State::kEscaped, quoted, no},  // kQuoted
    {quoted, quoted, quoted, quoted, quoted, quoted, quoted, no},                        // kEscaped
    {no, blanks, name, no, no, no, no, no},                                              // kAfterQuotes
    {no, blanks, name, no, no, no, no, no},                                              // kAfterBlanks
    {no, no, no, no, no, no, no, no},                                                    // kRefused
}};

}  // namespace

bool ChunkExtension::accept(char c) noexcept {
  state_ = kNext[static_cast<std::size_t>(state_)][static_cast<std::size_t>(kind_of(c))];
  return state_ != State::kRefused;
}

bool ChunkExtension::may_end() const noexcept {
  return state_ == State::kNone || state_ == State::kName || state_ == State::kToken || state_ == State::kAfterQuotes;
}

}  // namespace sallyport::wire
