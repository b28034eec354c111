// Kills a writing process at random points, 200 times: what it had been told is written must be there, and nothing but
// at most the one write that was under way may have been added.
#include "base/temporary_folder_fixture.h"
#include "json/parse.h"
#include "store/embedded_store.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <map>
#include <random>

namespace sallyport::store {
namespace {

constexpr int kKills = 200;
constexpr int kKeys = 5;

// Write number `n` of the one endless series of writes that all children continue.
struct Write {
  explicit Write(std::uint32_t n)
      : key{"routes", std::to_string(n % kKeys)},
        removes(n % 7 == 3),
        value(std::to_string(n) + std::string(n % 3000, 'x')) {}
  Key key;
  bool removes;
  std::string value;
};

using State = std::map<std::string, std::string>;

void apply(State& state, std::uint32_t n) {
  Write write(n);
  if (write.removes) {
    state.erase(write.key.id);
  } else {
    state[write.key.id] = write.value;
  }
}

bool carry_out(Store& store, std::uint32_t n) {
  Write write(n);
  if (write.removes) return store.remove(write.key, {}).take_value().has_value();
  return store.put(write.key, json::Value(write.value), {}).take_value().has_value();
}

[[noreturn]] void write_until_killed(const std::string& path, std::uint32_t n, int acknowledged) {
  auto store = EmbeddedStore::open(path);
  for (; store; ++n) {
    if (!carry_out(**store, n)) break;
    if (::write(acknowledged, &n, sizeof n) != sizeof n) break;
  }
  ::_exit(1);
}

// A child of ours that writes, starting with write number `first`.
class Child {
 public:
  Child(const std::string& path, std::uint32_t first) {
    int ends[2];
    if (::pipe(ends) != 0) throw std::runtime_error("no pipe");
    pid_ = ::fork();
    if (pid_ == 0) {
      ::close(ends[0]);
      write_until_killed(path, first, ends[1]);
    }
    ::close(ends[1]);
    acknowledged_ = ends[0];
  }
  ~Child() { ::close(acknowledged_); }

  // The number of the next write that it was told is durable; false when there is none any more.
  bool next(std::uint32_t& n) { return ::read(acknowledged_, &n, sizeof n) == sizeof n; }

  // Whether it was our signal that ended it.
  bool kill() {
    ::kill(pid_, SIGKILL);
    int status = 0;
    ::waitpid(pid_, &status, 0);
    return WIFSIGNALED(status);
  }

 private:
  pid_t pid_;
  int acknowledged_;
};

void spin(unsigned turns) {
  for (volatile unsigned turn = 0; turn < turns; turn = turn + 1) {
  }
}

State read_back(const std::string& path) {
  State found;
  auto store = EmbeddedStore::open(path);
  EXPECT_TRUE(store) << store.error().what;
  if (!store) return found;
  auto entries = (*store)->list("routes").take_value();
  for (const EntryPtr& entry : *entries) found[entry->key.id] = entry->value.string();
  return found;
}

TEST(EmbeddedStoreKilled, NoAcknowledgedWriteIsLostAndNoneIsHalf) {
  TemporaryFolder folder;
  std::string path = folder.file("a.db");
  std::mt19937 random(20);
  State state;
  std::uint32_t written = 0;  // writes 1..written are in `state`
  for (int kill = 0; kill < kKills; ++kill) {
    Child child(path, written + 1);
    std::uint32_t n = written;
    for (auto wanted = random() % 6; wanted > 0; --wanted) ASSERT_TRUE(child.next(n));
    spin(random() % 2'000'000);
    ASSERT_TRUE(child.kill());
    while (child.next(n)) {
    }
    while (written < n) apply(state, ++written);

    State found = read_back(path);
    if (found != state) apply(state, ++written);  // the write under way was durable, but not yet acknowledged
    ASSERT_EQ(found, state) << "after kill " << kill << ", write " << written;
  }
  EXPECT_GT(written, kKills);
}

}  // namespace
}  // namespace sallyport::store
