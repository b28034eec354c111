#pragma once
// One file out of a tar archive (POSIX 1003.1 pax, "ustar Interchange Format"; the older form and GNU's are close
// enough) that comes piece by piece. Nothing is written anywhere: other members, links and what their names say are
// skipped.

#include "base/result.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace sallyport::source {

class ArchiveMember final {
 public:
  // Looks for the regular file `name` in the root, of at most `most` bytes.
  ArchiveMember(std::string_view name, std::size_t most) : name_(name), most_(most) {}

  // The next bytes of the archive. Error: kInvalid, when it is none; kLimit, when the file is too large.
  Status feed(std::string_view bytes);
  // The whole file is there; what follows does not matter.
  bool is_found() const noexcept { return state_ == State::kFound; }
  std::string take() { return std::move(file_); }

 private:
  enum class State : std::uint8_t { kHeader, kFile, kSkip, kFound, kEnd };
  static constexpr std::size_t kBlock = 512;

  Status read_header();

  std::string name_;
  std::size_t most_;
  State state_ = State::kHeader;
  std::array<char, kBlock> header_{};
  std::size_t header_bytes_ = 0;
  std::uint64_t left_ = 0;  // of the file, or of what is skipped
  std::string file_;
};

}  // namespace sallyport::source
