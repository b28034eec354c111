#pragma once
// Extensions on the size line of a chunk (RFC 9112 7.1.1). They are ignored, but only where they are well-formed: peers
// that disagree about where such a line ends can be made to see different bodies.

#include <cstdint>

namespace sallyport::wire {

class ChunkExtension {
 public:
  // Takes the next byte after the size; false when it cannot stand there.
  bool accept(char c) noexcept;
  // Whether the line may end here.
  bool may_end() const noexcept;

  enum class State : std::uint8_t {
    kNone,        // nothing yet
    kBeforeName,  // after ';'
    kName,
    kAfterName,    // blanks after a name
    kBeforeValue,  // after '='
    kToken,
    kQuoted,
    kEscaped,  // after a backslash in quotes
    kAfterQuotes,
    kAfterBlanks,  // blanks that only ';' may follow
    kRefused,
  };

 private:
  State state_ = State::kNone;
};

}  // namespace sallyport::wire
