#pragma once
// A log on disk, or standard output or error: takes finished lines from any thread and writes them on one of its own,
// so that a slow disk or a reader that stands still never holds a worker. What is not yet written is bounded; lines
// beyond that are dropped and counted. The process ignores SIGPIPE, so that a reader that went away is an error to
// drop.

#include "base/result.h"

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

namespace sallyport::telemetry {

class LogFile final {
 public:
  static constexpr std::size_t kMostPending = 4 * 1024 * 1024;

  // Opens `path` for appending and makes its folder; /dev/stdout and /dev/stderr are the process's own.
  // Error: kInvalid with the path and the system's reason.
  static Result<std::unique_ptr<LogFile>> open(const std::string& path, std::size_t most_pending = kMostPending);

  LogFile(const LogFile&) = delete;
  LogFile& operator=(const LogFile&) = delete;
  // Writes what is pending, unless the reader stands still for a second.
  ~LogFile();

  // Any thread. `lines` are whole lines, each with its line feed; they stay together. Holds a mutex for an append to
  // memory, never for a write.
  void write(std::string_view lines);

  // Any thread. The next lines go to a newly opened file of the same path; when that fails the old one stays, and the
  // reason is written into it.
  void reopen();

  // Waits until all that was given to `write` or asked by `reopen` is done; for tests and for the end of the process.
  void settle();

  std::uint64_t dropped_lines() const noexcept { return dropped_lines_.load(std::memory_order_relaxed); }

 private:
  LogFile(std::string path, int descriptor, std::size_t most_pending);
  void run();
  void write_out(std::string_view lines);
  bool wait_until_writable() const;
  void open_again();
  void drop(std::string_view lines) noexcept;

  const std::string path_;
  const std::size_t most_pending_;
  int descriptor_;     // of the writing thread, once it runs
  bool never_blocks_;  // a regular file; anything else is written in small pieces when it is ready

  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable idle_;
  std::string pending_;
  bool reopen_ = false;
  bool busy_ = false;
  bool stop_ = false;
  std::atomic<bool> ending_{false};
  std::atomic<std::uint64_t> dropped_lines_{0};
  std::thread thread_;  // last: it uses all of the above
};

// Collects the lines of one worker, which owns it, and hands them over in large pieces.
// The owner calls `flush` each second and at its end.
class LogBuffer final {
 public:
  static constexpr std::size_t kCapacity = 64 * 1024;

  explicit LogBuffer(LogFile& file, std::size_t capacity = kCapacity);
  LogBuffer(const LogBuffer&) = delete;
  LogBuffer& operator=(const LogBuffer&) = delete;
  ~LogBuffer() { flush(); }

  // `fill` appends one line, without line feed, to the string it is given.
  template <class Fill>
  void add_line(Fill fill) {
    fill(lines_);
    lines_ += '\n';
    if (lines_.size() >= capacity_) flush();
  }
  void flush();

 private:
  LogFile& file_;
  const std::size_t capacity_;
  std::string lines_;
};

}  // namespace sallyport::telemetry
