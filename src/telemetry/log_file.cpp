#include "telemetry/log_file.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

namespace sallyport::telemetry {
namespace {

constexpr int kPatienceMilliseconds = 1000;
constexpr int kTurnMilliseconds = 100;
constexpr std::size_t kPipePiece = 4096;  // PIPE_BUF: what a writable pipe takes at once

Result<int> open_for_appending(const std::string& path) {
  int descriptor = -1;
  if (path == "/dev/stdout" || path == "/dev/stderr") {
    descriptor = ::fcntl(path == "/dev/stdout" ? STDOUT_FILENO : STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
  } else {
    std::error_code ignored;  // the open that follows tells what is wrong
    std::filesystem::create_directories(std::filesystem::path(path).parent_path(), ignored);
    descriptor = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0644);
  }
  if (descriptor >= 0) return descriptor;
  return fail(ErrorCode::kInvalid, fmt::format("log {}: cannot be opened: {}; give a path that can be written, or "
                                               "/dev/stderr",
                                               path, std::strerror(errno)));
}

bool is_regular_file(int descriptor) {
  struct stat status{};
  return ::fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode);
}

}  // namespace

Result<std::unique_ptr<LogFile>> LogFile::open(const std::string& path, std::size_t most_pending) {
  TRY(int descriptor, open_for_appending(path));
  return std::unique_ptr<LogFile>(new LogFile(path, descriptor, most_pending));
}

LogFile::LogFile(std::string path, int descriptor, std::size_t most_pending)
    : path_(std::move(path)),
      most_pending_(most_pending),
      descriptor_(descriptor),
      never_blocks_(is_regular_file(descriptor)),
      thread_([this] { run(); }) {}

LogFile::~LogFile() {
  {
    std::lock_guard lock(mutex_);
    stop_ = true;
    ending_ = true;
  }
  wake_.notify_one();
  thread_.join();
  ::close(descriptor_);
}

void LogFile::write(std::string_view lines) {
  if (lines.empty()) return;
  {
    std::lock_guard lock(mutex_);
    if (pending_.size() + lines.size() > most_pending_) return drop(lines);
    pending_ += lines;
  }
  wake_.notify_one();
}

void LogFile::reopen() {
  {
    std::lock_guard lock(mutex_);
    reopen_ = true;
  }
  wake_.notify_one();
}

void LogFile::settle() {
  std::unique_lock lock(mutex_);
  idle_.wait(lock, [this] { return pending_.empty() && !reopen_ && !busy_; });
}

void LogFile::run() {
  std::string taken;
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return !pending_.empty() || reopen_ || stop_; });
    if (pending_.empty() && !reopen_) return;
    taken.swap(pending_);
    const bool reopen = std::exchange(reopen_, false);
    busy_ = true;
    lock.unlock();
    write_out(taken);
    taken.clear();
    if (reopen) open_again();
    lock.lock();
    busy_ = false;
    if (pending_.empty() && !reopen_) idle_.notify_all();
  }
}

void LogFile::write_out(std::string_view lines) {
  while (!lines.empty()) {
    if (!never_blocks_ && !wait_until_writable()) return drop(lines);
    auto piece = never_blocks_ ? lines : lines.substr(0, kPipePiece);
    const ssize_t written = ::write(descriptor_, piece.data(), piece.size());
    if (written >= 0) {
      lines.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno != EINTR && errno != EAGAIN) {
      return drop(lines);
    }
  }
}

// False when the log ends and its reader has not taken anything for a second.
bool LogFile::wait_until_writable() const {
  for (int waited = 0; waited < kPatienceMilliseconds || !ending_; waited += kTurnMilliseconds) {
    pollfd ready{.fd = descriptor_, .events = POLLOUT, .revents = 0};
    if (::poll(&ready, 1, kTurnMilliseconds) > 0) return true;
    if (!ending_) waited = 0;
  }
  return false;
}

void LogFile::open_again() {
  auto opened = open_for_appending(path_);
  if (!opened) return write_out(opened.error().what + "; going on with the old file\n");
  ::close(std::exchange(descriptor_, *opened));
  never_blocks_ = is_regular_file(descriptor_);
}

void LogFile::drop(std::string_view lines) noexcept {
  auto count = static_cast<std::uint64_t>(std::count(lines.begin(), lines.end(), '\n'));
  dropped_lines_.fetch_add(count, std::memory_order_relaxed);
}

LogBuffer::LogBuffer(LogFile& file, std::size_t capacity) : file_(file), capacity_(capacity) {
  lines_.reserve(capacity + capacity / 8);
}

void LogBuffer::flush() {
  file_.write(lines_);
  lines_.clear();
}

}  // namespace sallyport::telemetry
