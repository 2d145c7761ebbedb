// SPDX-License-Identifier: Apache-2.0
#include "scan/searcher.h"

#include <fcntl.h>
#include <unistd.h>
#include <cerrno>
#include <cstring>
#include <memory>

#include "base/log.h"
#include "guard/any_value.h"
#include "guard/search.h"
#include "io/process/process.h"
#include "io/process/sandbox.h"
#include "scan/octets.h"
#include "scan/wire.h"

namespace strongroom::scan {
namespace {

/// What an unprivileged process may ask for, as a rule.
constexpr int kPipe = 1 << 20;
/// A scanner that neither sends nor takes anything for so long has been forgotten.
constexpr int kPatienceMs = 300'000;
constexpr std::uint32_t kObjectsAtOnce = 1024;

constexpr const char* kCalls[] = {"read",           "write",           "poll",
                                  "ppoll",          "close",           "brk",
                                  "mmap",           "mmap2",           "munmap",
                                  "mprotect",       "mremap",          "madvise",
                                  "mlock",          "mlock2",          "munlock",
                                  "memfd_secret",   "ftruncate",       "ftruncate64",
                                  "futex",          "futex_time64",    "rt_sigreturn",
                                  "rt_sigprocmask", "restart_syscall", "exit",
                                  "exit_group",     "clock_gettime",   "clock_gettime64",
                                  "getrandom",      "gettid",          "getpid",
                                  "tgkill",         "fstat",           "newfstatat",
                                  "fstatat64",      "fcntl",           "fcntl64",
                                  "sched_yield",    "membarrier"};

/// One value of the tenant's, and what was found of it in the present object.
struct Sought {
  IdBytes key{};
  std::uint64_t count = 0;
  std::uint64_t first = 0;
};

class Searcher {
 public:
  Searcher()
      : search_(patterns_, [this](const guard::Search::Hit& hit) {
          Sought& sought = sought_[hit.which];
          if (sought.count++ == 0) sought.first = hit.at;
        }) {}
  [[nodiscard]] Status take_values();
  [[nodiscard]] Status greet();
  [[nodiscard]] Status search();
  [[nodiscard]] bool has_found() const noexcept { return has_found_; }

 private:
  [[nodiscard]] Status take(ByteView octets);
  [[nodiscard]] Status take_piece(ByteView piece);
  [[nodiscard]] Status end_object();
  [[nodiscard]] static Status say(const Answer& answer) {
    return write_waiting(kSearcherSocket, octets_of(answer), kPatienceMs);
  }

  std::shared_ptr<guard::AnyValue> patterns_ = std::make_shared<guard::AnyValue>();
  std::vector<Sought> sought_;
  std::vector<IdBytes> not_sought_;
  guard::Search search_;
  std::vector<std::uint8_t> head_;
  std::uint32_t left_ = 0;      ///< of the present piece
  std::uint32_t object_ = 0;    ///< the present one
  std::uint64_t searched_ = 0;  ///< octets
  bool has_found_ = false;
};

Status read_whole(int fd, MutableBytes into) {
  while (!into.empty()) {
    const long size = read_waiting(fd, into, kPatienceMs);
    if (size <= 0) return fail(Code::Protocol, "the values are cut short");
    into = into.subspan(static_cast<std::size_t>(size));
  }
  return {};
}

Status Searcher::take_values() {
  for (;;) {
    ValueHead head;
    const MutableBytes octets(reinterpret_cast<std::uint8_t*>(&head), sizeof(head));
    const long first = read_waiting(kSearcherValues, octets, kPatienceMs);
    if (first == 0) return {};
    if (first < 0) return fail(Code::Protocol, "no values came");
    STRONGROOM_CHECKED(
        read_whole(kSearcherValues, octets.subspan(static_cast<std::size_t>(first))));
    if (head.size > Secret::kMaxSize) return fail(Code::Protocol, "no value is as long as that");
    Secret value = Secret::of_size(head.size);
    STRONGROOM_CHECKED(
        value.reveal_mutable([](MutableBytes into) { return read_whole(kSearcherValues, into); }));
    auto patterns = guard::ValuePatterns::make(value);
    if (patterns == nullptr) {
      not_sought_.push_back(head.key);
      continue;
    }
    patterns_->add(std::move(patterns));
    sought_.push_back({head.key});
  }
}

Status Searcher::greet() {
  for (const auto& key : not_sought_) {
    Answer answer;
    answer.what = Answer::What::NotSought;
    answer.key = key;
    STRONGROOM_CHECKED(say(answer));
  }
  Answer begun;
  begun.what = Answer::What::Begun;
  begun.count = sought_.size();
  return say(begun);
}

Status Searcher::end_object() {
  search_.finish();
  for (auto& each : sought_) {
    if (each.count == 0) continue;
    has_found_ = true;
    STRONGROOM_CHECKED(say({Answer::What::Hit, object_, each.count, each.first, each.key}));
    each.count = 0;
  }
  if (object_ % kObjectsAtOnce == kObjectsAtOnce - 1)
    STRONGROOM_CHECKED(say({Answer::What::Through, object_, 0, 0, {}}));
  ++object_;
  return {};
}

Status Searcher::take_piece(ByteView piece) {
  search_.feed(piece);
  left_ -= static_cast<std::uint32_t>(piece.size());
  searched_ += piece.size();
  return {};
}

/// Heads and pieces, wherever they were cut.
Status Searcher::take(ByteView octets) {
  while (!octets.empty()) {
    if (left_ > 0) {
      const std::size_t now = std::min<std::size_t>(left_, octets.size());
      STRONGROOM_CHECKED(take_piece(octets.first(now)));
      octets = octets.subspan(now);
      continue;
    }
    const std::size_t now = std::min(sizeof(PieceHead) - head_.size(), octets.size());
    head_.insert(head_.end(), octets.begin(), octets.begin() + static_cast<std::ptrdiff_t>(now));
    octets = octets.subspan(now);
    if (head_.size() < sizeof(PieceHead)) continue;
    PieceHead head;
    std::memcpy(&head, head_.data(), sizeof(head));
    head_.clear();
    if (head.object != object_ || head.size > kLongestPiece || object_ >= kMostObjects)
      return fail(Code::Protocol, "the scanner does not keep to the protocol");
    left_ = head.size;
    if (left_ == 0) STRONGROOM_CHECKED(end_object());
  }
  return {};
}

Status Searcher::search() {
  ByteVector room(kLongestPiece);
  for (;;) {
    const long size = read_waiting(kSearcherSocket, room, kPatienceMs);
    if (size < 0) return fail(Code::Timeout, "nothing came for too long");
    if (size == 0) break;
    STRONGROOM_CHECKED(take(ByteView(room).first(static_cast<std::size_t>(size))));
  }
  if (left_ > 0 || !head_.empty()) return fail(Code::Protocol, "a piece is cut short");
  return say({Answer::What::Done, object_, searched_, 0, {}});
}

Status live(Searcher& searcher) {
  STRONGROOM_CHECKED(io::confine_this_process());
  STRONGROOM_CHECKED(searcher.take_values());
  STRONGROOM_CHECKED(io::enter({kCalls, {}}));
  STRONGROOM_CHECKED(searcher.greet());
  return searcher.search();
}

}  // namespace

Result<int> pipe_of_values(const std::vector<SoughtValue>& values) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0)
    return fail(Code::Unavailable, std::string("no pipe can be made: ") + std::strerror(errno));
  ::fcntl(ends[1], F_SETPIPE_SZ, kPipe);
  ::fcntl(ends[1], F_SETFL, O_NONBLOCK);
  bool is_whole = true;
  const auto put = [&](ByteView octets) {
    is_whole = is_whole && ::write(ends[1], octets.data(), octets.size()) ==
                               static_cast<ssize_t>(octets.size());
  };
  for (const auto& each : values) {
    put(octets_of(ValueHead{each.key.bytes(), static_cast<std::uint32_t>(each.value.size())}));
    each.value.reveal(put);
  }
  ::close(ends[1]);
  if (is_whole) return ends[0];
  ::close(ends[0]);
  return fail(Code::TooLarge, "these are too many keys for one scan");
}

SearchEnd search_as_told() {
  Searcher searcher;
  const Status done = live(searcher);
  if (!done) return SearchEnd::Broken;
  return searcher.has_found() ? SearchEnd::Found : SearchEnd::NothingFound;
}

}  // namespace strongroom::scan
