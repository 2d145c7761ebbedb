// SPDX-License-Identifier: Apache-2.0
#include "workroom/handed_streams.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "io/descriptor.h"

namespace strongroom::workroom {
namespace {

constexpr std::size_t kPiece = std::size_t{64} << 10U;

/// What a process can only pass octets through.
bool is_passed_on(const struct stat& is) {
  return S_ISFIFO(is.st_mode) || S_ISSOCK(is.st_mode) || S_ISCHR(is.st_mode);
}

bool is_same_file(const struct stat& one, const struct stat& other) {
  return one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

struct Pipe {
  int read = -1;
  int write = -1;
};

Result<Pipe> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0)
    return fail(Code::Unavailable, std::string("no pipe can be made: ") + std::strerror(errno));
  return Pipe{ends[0], ends[1]};
}

bool write_all(int file, const char* from, std::size_t size) {
  while (size > 0) {
    const ssize_t written = ::write(file, from, size);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    from += written;
    size -= static_cast<std::size_t>(written);
  }
  return true;
}

}  // namespace

/// Our end of one pipe, and a file, which never has to be waited for.
struct HandedStreams::Pump {
  Pump(io::Loop& loop, int from) : pipe(loop), ended(loop), file(from) {}
  ~Pump() { ::close(file); }
  Pump(const Pump&) = delete;
  Pump& operator=(const Pump&) = delete;

  io::Descriptor pipe;
  io::Event ended;
  int file;
  bool has_ended = false;
  std::array<char, kPiece> piece{};

  Status open(int end) {
    ::fcntl(end, F_SETFL, O_NONBLOCK);
    return pipe.open(end);
  }
  static io::Task<void> fill(std::shared_ptr<Pump> pump);
  static io::Task<void> drain(std::shared_ptr<Pump> pump);
};

/// From the file into the pipe, until one of them ends.
io::Task<void> HandedStreams::Pump::fill(std::shared_ptr<Pump> pump) {
  for (;;) {
    ssize_t size = ::read(pump->file, pump->piece.data(), pump->piece.size());
    if (size <= 0) break;
    for (const char* at = pump->piece.data(); size > 0 && pump->pipe.is_open();) {
      const ssize_t written = ::write(pump->pipe.fd(), at, static_cast<std::size_t>(size));
      if (written > 0) {
        at += written;
        size -= written;
      } else if (errno == EAGAIN) {
        pump->pipe.filled();
        co_await pump->pipe.writable();
      } else if (errno != EINTR) {
        pump->pipe.close();
      }
    }
    if (!pump->pipe.is_open()) break;
    co_await pump->pipe.loop().yield();
  }
  pump->pipe.close();
}

/// From the pipe into the file. Where the file takes no more, the pipe has no reader any more.
io::Task<void> HandedStreams::Pump::drain(std::shared_ptr<Pump> pump) {
  for (;;) {
    const ssize_t size = ::read(pump->pipe.fd(), pump->piece.data(), pump->piece.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && errno == EAGAIN) {
      pump->pipe.drained();
      co_await pump->pipe.readable();
      continue;
    }
    if (size <= 0) break;
    if (!write_all(pump->file, pump->piece.data(), static_cast<std::size_t>(size))) break;
    if (pump->pipe.loop().is_share_spent()) co_await pump->pipe.loop().yield();
  }
  pump->pipe.close();
  pump->has_ended = true;
  pump->ended.set();
}

Status HandedStreams::replace_input(int file) {
  STRONGROOM_TRY(const Pipe pipe, make_pipe());
  ours_.push_back(pipe.read);
  given_.in = pipe.read;
  const auto pump = std::make_shared<Pump>(*loop_, ::fcntl(file, F_DUPFD_CLOEXEC, 0));
  STRONGROOM_CHECKED(pump->open(pipe.write));
  loop_->spawn(Pump::fill(pump));
  return {};
}

Status HandedStreams::replace_output(int file, int& place) {
  STRONGROOM_TRY(const Pipe pipe, make_pipe());
  ours_.push_back(pipe.write);
  place = pipe.write;
  const auto pump = std::make_shared<Pump>(*loop_, ::fcntl(file, F_DUPFD_CLOEXEC, 0));
  STRONGROOM_CHECKED(pump->open(pipe.read));
  outputs_.push_back(pump);
  loop_->spawn(Pump::drain(pump));
  return {};
}

Result<HandedStreams> HandedStreams::make(io::Loop& loop, const Streams& callers) {
  struct stat in{};
  struct stat out{};
  struct stat error{};
  if (::fstat(callers.in, &in) != 0 || ::fstat(callers.out, &out) != 0 ||
      ::fstat(callers.error, &error) != 0)
    return fail(Code::Invalid, "a standard stream of the command is closed");
  HandedStreams handed(loop, callers);
  if (!is_passed_on(in)) {
    STRONGROOM_CHECKED(handed.replace_input(callers.in));
  }
  if (!is_passed_on(out)) {
    STRONGROOM_CHECKED(handed.replace_output(callers.out, handed.given_.out));
  }
  if (is_passed_on(error)) return handed;
  // In the order in which it was written, where both go to one file.
  if (is_same_file(out, error)) {
    handed.given_.error = handed.given_.out;
    return handed;
  }
  STRONGROOM_CHECKED(handed.replace_output(callers.error, handed.given_.error));
  return handed;
}

HandedStreams::~HandedStreams() {
  let_go();
}

void HandedStreams::let_go() noexcept {
  for (const int each : ours_) ::close(each);
  ours_.clear();
}

io::Task<void> HandedStreams::drained() {
  for (const auto& each : outputs_)
    while (!each->has_ended) co_await each->ended.wait();
}

}  // namespace strongroom::workroom
