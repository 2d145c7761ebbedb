// SPDX-License-Identifier: Apache-2.0
#include "workroom/output_net.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>

#include "base/secret.h"
#include "guard/guard.h"
#include "workroom/detached_thread.h"

namespace strongroom::workroom {
namespace {

/// What a pipe holds, as a rule.
constexpr std::size_t kPiece = std::size_t{64} << 10U;
constexpr int kTerminalPassesOnMs = 50;

/// 0, or errno.
int write_all(int file, ByteView data) {
  while (!data.empty()) {
    const ssize_t written = ::write(file, data.data(), data.size());
    if (written > 0) {
      data = data.subspan(static_cast<std::size_t>(written));
    } else if (written < 0 && errno == EAGAIN) {
      // The caller's own setting, which is not ours to change.
      pollfd room{file, POLLOUT, 0};
      ::poll(&room, 1, -1);
    } else if (written == 0 || errno != EINTR) {
      return written == 0 ? EIO : errno;
    }
  }
  return 0;
}

bool is_device(const struct stat& is) {
  return S_ISCHR(is.st_mode) || S_ISBLK(is.st_mode);
}

}  // namespace

/// One stream. Its thread may outlive the rest where a write never returns.
struct OutputNet::Pump {
  explicit Pump(io::Loop& loop)
      : mailbox(loop.mailbox()), ended(std::make_unique<io::Event>(loop)) {}
  ~Pump() {
    for (const int each : {pipe, file, over})
      if (each >= 0) ::close(each);
    wipe(piece.data(), piece.size());
  }
  Pump(const Pump&) = delete;
  Pump& operator=(const Pump&) = delete;

  std::shared_ptr<io::Loop::Mailbox> mailbox;
  std::string name;
  int over = -1;  ///< an eventfd(2) that tells of `is_over`
  std::atomic<bool> is_over = false;
  bool is_terminal = false;
  std::atomic<std::size_t> hits = 0;
  std::atomic<std::uint64_t> written = 0;
  std::atomic<int> problem = 0;
  // The thread's alone, once it has begun.
  int pipe = -1;
  int file = -1;
  guard::Guard net;
  std::array<std::uint8_t, kPiece> piece{};
  std::optional<std::size_t> left;  ///< in the pipe, once it is over
  // The loop's alone.
  std::function<void(const std::string&)> on_first;
  bool has_begun = false;
  bool has_ended = false;
  std::unique_ptr<io::Event> ended;  ///< null: the net is gone

  static Status start(const std::shared_ptr<Pump>& pump);
  static void run(const std::shared_ptr<Pump>& self);
  void tell_over() {
    is_over = true;
    ::eventfd_write(over, 1);
  }

 private:
  [[nodiscard]] MutableBytes next();
  void look_whether_over();
  void wait() const;
  static bool pass_on(const std::shared_ptr<Pump>& self, ByteView free);
  static void finish(const std::shared_ptr<Pump>& self);
};

void OutputNet::Pump::wait() const {
  std::array<pollfd, 2> of{pollfd{pipe, POLLIN, 0}, pollfd{over, POLLIN, 0}};
  ::poll(of.data(), of.size(), -1);
}

/// What a terminal was written may still be on its way here, but not for long.
void OutputNet::Pump::look_whether_over() {
  if (!is_over || left) return;
  if (is_terminal) {
    pollfd one{pipe, POLLIN, 0};
    if (::poll(&one, 1, kTerminalPassesOnMs) == 0) left = 0;
    return;
  }
  int now = 0;
  ::ioctl(pipe, FIONREAD, &now);
  left = static_cast<std::size_t>(now);
}

/// What came; nothing at the end. Once it is over, that is the end of what is in the pipe now.
MutableBytes OutputNet::Pump::next() {
  for (;;) {
    look_whether_over();
    if (left == 0) return {};
    const ssize_t size = ::read(pipe, piece.data(), std::min(kPiece, left.value_or(kPiece)));
    if (size > 0) {
      if (left) *left -= static_cast<std::size_t>(size);
      return MutableBytes(piece.data(), static_cast<std::size_t>(size));
    }
    if (size == 0 || (errno != EINTR && errno != EAGAIN)) return {};
    if (errno == EAGAIN) wait();
  }
}

bool OutputNet::Pump::pass_on(const std::shared_ptr<Pump>& self, ByteView free) {
  const bool is_first = self->hits == 0 && self->net.hits() > 0;
  self->hits = self->net.hits();
  if (is_first)
    self->mailbox->post([self] {
      if (self->on_first) self->on_first(self->name);
    });
  self->problem = write_all(self->file, free);
  return self->problem == 0;
}

void OutputNet::Pump::run(const std::shared_ptr<Pump>& self) {
  bool is_wanted = true;
  while (is_wanted) {
    const MutableBytes read = self->next();
    if (read.empty()) break;
    self->written += read.size();
    const bool was_holding = self->net.is_holding();
    is_wanted = pass_on(self, self->net.feed(read));
    // Octets that are held back have been copied.
    if (was_holding || self->net.is_holding()) wipe(read.data(), read.size());
  }
  if (is_wanted) pass_on(self, self->net.feed({}, guard::Ends::All));
  finish(self);
}

void OutputNet::Pump::finish(const std::shared_ptr<Pump>& self) {
  // To a command that goes on writing, its reader has gone; to our reader, this is the end.
  for (int* each : {&self->pipe, &self->file}) {
    ::close(*each);
    *each = -1;
  }
  self->net = guard::Guard();
  wipe(self->piece.data(), self->piece.size());
  self->mailbox->post([self] {
    self->has_ended = true;
    if (self->ended != nullptr) self->ended->set();
  });
}

Status OutputNet::Pump::start(const std::shared_ptr<Pump>& pump) {
  STRONGROOM_CHECKED(start_detached_thread([pump] { run(pump); }));
  pump->has_begun = true;
  return {};
}

Status OutputNet::replace(int& place, const char* name) {
  const auto pump = std::make_shared<Pump>(loop_);
  pump->name = name;
  pump->file = ::fcntl(place, F_DUPFD_CLOEXEC, 0);
  pump->over = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  int ends[2];
  if (pump->file < 0 || pump->over < 0 || ::pipe2(ends, O_CLOEXEC) != 0)
    return fail(Code::Unavailable, std::string("no pipe can be made: ") + std::strerror(errno));
  pump->pipe = ends[0];
  ours_.push_back(ends[1]);
  ::fcntl(pump->pipe, F_SETFL, O_NONBLOCK);
  place = ends[1];
  pumps_.push_back(pump);
  return {};
}

Result<std::unique_ptr<OutputNet>> OutputNet::make(io::Loop& loop, Streams& streams) {
  struct stat out{};
  struct stat error{};
  // What is closed stays so.
  const bool has_out = ::fstat(streams.out, &out) == 0 && !is_device(out);
  const bool has_error = ::fstat(streams.error, &error) == 0 && !is_device(error);
  std::unique_ptr<OutputNet> net(new OutputNet(loop));
  const bool is_one =
      has_out && has_error && out.st_dev == error.st_dev && out.st_ino == error.st_ino;
  if (has_out) {
    STRONGROOM_CHECKED(net->replace(streams.out, "standard output"));
  }
  if (is_one) {
    streams.error = streams.out;
  } else if (has_error) {
    STRONGROOM_CHECKED(net->replace(streams.error, "standard error"));
  }
  return net;
}

Result<std::unique_ptr<OutputNet>> OutputNet::of_terminal(io::Loop& loop, int terminal, int file) {
  std::unique_ptr<OutputNet> net(new OutputNet(loop));
  const auto pump = std::make_shared<Pump>(loop);
  pump->name = "the terminal";
  pump->is_terminal = true;
  pump->pipe = ::fcntl(terminal, F_DUPFD_CLOEXEC, 0);
  pump->file = ::fcntl(file, F_DUPFD_CLOEXEC, 0);
  pump->over = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (pump->pipe < 0 || pump->file < 0 || pump->over < 0)
    return fail(Code::Unavailable, std::string("no terminal can be read: ") + std::strerror(errno));
  net->pumps_.push_back(pump);
  return net;
}

OutputNet::~OutputNet() {
  let_go();
  for (const auto& pump : pumps_) {
    pump->on_first = nullptr;
    pump->ended = nullptr;
    pump->tell_over();
  }
}

Status OutputNet::begin(const std::shared_ptr<const guard::Patterns>& patterns,
                        std::function<void(const std::string&)> on_first) {
  for (const auto& pump : pumps_) {
    pump->net = guard::Guard(patterns);
    pump->on_first = on_first;
    STRONGROOM_CHECKED(Pump::start(pump));
  }
  return {};
}

void OutputNet::let_go() noexcept {
  for (const int each : ours_) ::close(each);
  ours_.clear();
}

io::Task<void> OutputNet::drained(Deadline deadline) {
  drained_by_ = deadline;
  for (const auto& pump : pumps_) pump->tell_over();
  for (const auto& pump : pumps_)
    while (pump->has_begun && !pump->has_ended) {
      const bool is_set = co_await pump->ended->wait_until(drained_by_);
      if (!is_set) co_return;
    }
}

void OutputNet::drain_by(Deadline deadline) {
  drained_by_ = deadline;
  for (const auto& pump : pumps_) pump->ended->set();
}

std::uint64_t OutputNet::written() const {
  std::uint64_t sum = 0;
  for (const auto& pump : pumps_) sum += pump->written;
  return sum;
}

std::vector<OutputNet::Catch> OutputNet::caught() const {
  std::vector<Catch> out;
  for (const auto& pump : pumps_) out.push_back({pump->name, pump->hits, pump->problem});
  return out;
}

}  // namespace strongroom::workroom
