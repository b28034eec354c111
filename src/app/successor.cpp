#include "app/successor.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <optional>
#include <sstream>
#include <utility>

namespace sallyport::app {
namespace {

namespace fs = std::filesystem;

constexpr Milliseconds kPoll{5};
constexpr int kFirst = 3;  // descriptor behind the standard streams

// As a shell would find it.
std::string find_program(const std::string& word) {
  std::error_code ignored;
  if (word.contains('/')) return fs::absolute(word, ignored);
  const char* path = std::getenv("PATH");
  std::istringstream folders(path ? path : "/usr/local/bin:/usr/bin:/bin");
  for (std::string folder; std::getline(folders, folder, ':');) {
    const fs::path file = fs::absolute(folder.empty() ? "." : folder, ignored) / word;
    if (::access(file.c_str(), X_OK) == 0) return file;
  }
  return word;
}

// Copies of descriptors that the new process is to have, above the numbers that they get there.
class Copies {
 public:
  Copies() = default;
  Copies(const Copies&) = delete;
  Copies& operator=(const Copies&) = delete;
  ~Copies() {
    for (int copy : all_) ::close(copy);
  }
  bool add(int fd, int least) {
    const int copy = ::fcntl(fd, F_DUPFD_CLOEXEC, least);
    if (copy >= 0) all_.push_back(copy);
    return copy >= 0;
  }
  const std::vector<int>& all() const { return all_; }

 private:
  std::vector<int> all_;
};

// How the new process begins: with these descriptors from kFirst on and no others, and without blocked signals.
class Spawning {
 public:
  explicit Spawning(const std::vector<int>& descriptors) {
    ::posix_spawn_file_actions_init(&actions_);
    ::posix_spawnattr_init(&attributes_);
    int number = kFirst;
    for (int fd : descriptors) ::posix_spawn_file_actions_adddup2(&actions_, fd, number++);
    ::posix_spawn_file_actions_addclosefrom_np(&actions_, number);
    sigset_t none;
    sigset_t all;
    ::sigemptyset(&none);
    ::sigfillset(&all);
    ::posix_spawnattr_setsigmask(&attributes_, &none);
    ::posix_spawnattr_setsigdefault(&attributes_, &all);
    ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  Spawning(const Spawning&) = delete;
  Spawning& operator=(const Spawning&) = delete;
  ~Spawning() {
    ::posix_spawn_file_actions_destroy(&actions_);
    ::posix_spawnattr_destroy(&attributes_);
  }
  // 0, or what is wrong.
  int start(pid_t& process, const std::string& path, char* const* words, char* const* environment) {
    return ::posix_spawn(&process, path.c_str(), &actions_, &attributes_, words, environment);
  }

 private:
  posix_spawn_file_actions_t actions_;
  posix_spawnattr_t attributes_;
};

std::vector<std::string> environment_with(std::initializer_list<std::pair<std::string_view, std::string>> ours) {
  std::vector<std::string> all;
  for (char** variable = environ; *variable; ++variable) {
    const std::string_view text = *variable;
    auto is_ours = [&](const auto& own) { return text.starts_with(std::string(own.first) + "="); };
    if (std::ranges::none_of(ours, is_ours)) all.emplace_back(text);
  }
  for (const auto& [name, value] : ours) all.push_back(fmt::format("{}={}", name, value));
  return all;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

std::unexpected<Error> cannot_start(const Program& program, int error) {
  return fail(ErrorCode::kUnavailable, fmt::format("{} cannot be started: {}", program.path, std::strerror(error)));
}

// The number that a socket gets in the new process: behind that of the channel.
SocketList renumbered(SocketList sockets) {
  int number = kFirst + 1;
  for (ListeningSocket& socket : sockets) socket.fd = number++;
  return sockets;
}

// Errno where it does not work, else 0.
int start_process(const Program& program, const SocketList& sockets, int channel, pid_t& process) {
  Copies copies;
  const int least = kFirst + 1 + static_cast<int>(sockets.size());
  bool copied = copies.add(channel, least);
  for (const ListeningSocket& socket : sockets) copied = copied && copies.add(socket.fd, least);
  if (!copied) return errno;
  auto words = program.words;
  auto environment = environment_with(
      {{kPredecessorVariable, std::to_string(kFirst)}, {kListenersVariable, print_sockets(renumbered(sockets))}});
  return Spawning(copies.all())
      .start(process, program.path, pointers_to(words).data(), pointers_to(environment).data());
}

}  // namespace

Program Program::of(std::span<const char* const> words) {
  Program program;
  program.words.assign(words.begin(), words.end());
  if (!words.empty()) program.path = find_program(program.words.front());
  return program;
}

Result<std::unique_ptr<Successor>> Successor::start(const Program& program, const SocketList& sockets) {
  int pair[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) return cannot_start(program, errno);
  pid_t process = 0;
  const int error = start_process(program, sockets, pair[1], process);
  ::close(pair[1]);
  if (error == 0) return std::make_unique<Successor>(process, pair[0]);
  ::close(pair[0]);
  return cannot_start(program, error);
}

Successor::~Successor() {
  if (let_go_ || has_ended()) return;
  ::kill(process_, SIGKILL);
  ::waitpid(process_, nullptr, 0);
}

async::Task<Status> Successor::wait_for(async::Reactor& reactor, std::string word, SteadyTime deadline) {
  for (;;) {
    const bool ended = has_ended();  // before its last words are heard
    bool said = false;
    CO_TRY_STATUS(hear(word, said));
    if (given_up_) co_return fail(ErrorCode::kUnavailable, "this gateway ends");
    if (said) co_return Status();
    if (ended) co_return fail(ErrorCode::kUnavailable, ending_);
    if (reactor.now() >= deadline) {
      co_return fail(ErrorCode::kTimeout, fmt::format("process {} was not ready in time, and was ended; give it more "
                                                      "with nginx_config.upgrade_timeout",
                                                      process_));
    }
    co_await reactor.sleep(kPoll);
  }
}

Status Successor::hear(std::string_view word, bool& said) {
  while (auto text = channel_.hear()) {
    if (text->starts_with(kFailed)) {
      std::ranges::replace(*text, '\n', ' ');
      return fail(ErrorCode::kUnavailable, fmt::format("process {}: {}", process_, text->substr(kFailed.size())));
    }
    if (*text == word) said = true;
  }
  return {};
}

bool Successor::has_ended() {
  int status = 0;
  if (!ending_.empty() || ::waitpid(process_, &status, WNOHANG) != process_) return !ending_.empty();
  ending_ = WIFSIGNALED(status)
                ? fmt::format("process {} was ended by signal {} before it served", process_, WTERMSIG(status))
                : fmt::format("process {} ended with {} before it served", process_, WEXITSTATUS(status));
  return true;
}

async::Task<void> Successor::end(async::Reactor& reactor) {
  if (!has_ended()) ::kill(process_, SIGKILL);
  while (!has_ended()) co_await reactor.sleep(kPoll);
}

}  // namespace sallyport::app
