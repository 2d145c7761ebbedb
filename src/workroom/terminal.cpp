// SPDX-License-Identifier: Apache-2.0
#include "workroom/terminal.h"

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include "base/bytes.h"
#include "workroom/detached_thread.h"

namespace strongroom::workroom {
namespace {

/// A terminal that is another job's at the moment is looked at again after this.
constexpr int kLookAgainMs = 200;

bool is_in_front(int terminal) {
  return ::tcgetpgrp(terminal) == ::getpgrp();
}

}  // namespace

/// What is typed, on its way. Its thread may be in a read when all else has ended.
struct Terminal::Input {
  int from = -1;
  int to = -1;
  int over = -1;  ///< an eventfd(2)
  ~Input() {
    for (const int each : {from, to, over})
      if (each >= 0) ::close(each);
  }
  Input() = default;
  Input(const Input&) = delete;
  Input& operator=(const Input&) = delete;

  void run() const;
  /// False: it is over.
  [[nodiscard]] bool wait(int fd, short events) const {
    std::array<pollfd, 2> of{pollfd{over, POLLIN, 0}, pollfd{fd, events, 0}};
    ::poll(of.data(), of.size(), -1);
    return of[0].revents == 0;
  }
  [[nodiscard]] bool is_over_soon() const {
    pollfd one{over, POLLIN, 0};
    return ::poll(&one, 1, kLookAgainMs) != 0;
  }
  [[nodiscard]] bool pass_on(ByteView typed) const;
};

bool Terminal::Input::pass_on(ByteView typed) const {
  while (!typed.empty() && wait(to, POLLOUT)) {
    const ssize_t written = ::write(to, typed.data(), typed.size());
    if (written > 0) typed = typed.subspan(static_cast<std::size_t>(written));
    if (written < 0 && errno != EINTR && errno != EAGAIN) return false;
  }
  return typed.empty();
}

void Terminal::Input::run() const {
  std::array<std::uint8_t, 4096> piece{};
  while (wait(from, POLLIN)) {
    const ssize_t size = ::read(from, piece.data(), piece.size());
    if (size > 0 && !pass_on(ByteView(piece).first(static_cast<std::size_t>(size)))) return;
    if (size == 0) return;
    // EIO: another job has the terminal.
    if (size < 0 && errno == EIO && is_over_soon()) return;
    if (size < 0 && errno != EINTR && errno != EAGAIN && errno != EIO) return;
  }
}

Terminal::Terminal(int in, int theirs, std::shared_ptr<Input> input)
    : in_(in), theirs_(theirs), input_(std::move(input)) {
  ::tcgetattr(in_, &before_);
}

Result<std::unique_ptr<Terminal>> Terminal::open(io::Loop& loop, Streams& streams) {
  if (::isatty(streams.in) == 0 || ::isatty(streams.out) == 0)
    return fail(Code::Invalid, "-t needs a terminal for standard input and output");
  termios settings{};
  winsize size{};
  ::tcgetattr(streams.in, &settings);
  ::ioctl(streams.out, TIOCGWINSZ, &size);
  const auto input = std::make_shared<Input>();
  int theirs = -1;
  if (::openpty(&input->to, &theirs, nullptr, &settings, &size) != 0)
    return fail(Code::Unavailable, std::string("no terminal can be made: ") + std::strerror(errno));
  std::unique_ptr<Terminal> out(new Terminal(streams.in, theirs, input));
  for (const int each : {input->to, theirs}) ::fcntl(each, F_SETFD, FD_CLOEXEC);
  ::fcntl(input->to, F_SETFL, O_NONBLOCK);
  input->from = ::fcntl(streams.in, F_DUPFD_CLOEXEC, 0);
  input->over = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (input->from < 0 || input->over < 0)
    return fail(Code::Unavailable, std::string("no terminal can be made: ") + std::strerror(errno));
  const auto on_signal = [terminal = out.get()](const io::Signal& signal) {
    // Who was stopped finds the terminal as somebody else has left it.
    if (signal.number == SIGCONT && terminal->is_raw_) terminal->set_raw();
    terminal->follow_size();
  };
  STRONGROOM_TRY(out->signals_, io::SignalWatch::start(loop, {SIGWINCH, SIGCONT}, on_signal));
  streams = {theirs, theirs, theirs, true};
  return out;
}

Terminal::~Terminal() {
  end();
  let_go();
}

int Terminal::ours() const noexcept {
  return input_->to;
}

void Terminal::let_go() noexcept {
  if (theirs_ >= 0) ::close(std::exchange(theirs_, -1));
}

/// The kernel tells whoever is in front there.
void Terminal::follow_size() const noexcept {
  winsize size{};
  if (::ioctl(in_, TIOCGWINSZ, &size) == 0) ::ioctl(input_->to, TIOCSWINSZ, &size);
}

void Terminal::set_raw() noexcept {
  is_raw_ = true;
  if (!is_in_front(in_)) return;  // it is not ours to change
  termios raw = before_;
  ::cfmakeraw(&raw);
  ::tcsetattr(in_, TCSADRAIN, &raw);
}

Status Terminal::begin() {
  set_raw();
  follow_size();
  return start_detached_thread([input = input_] { input->run(); });
}

void Terminal::end() noexcept {
  ::eventfd_write(input_->over, 1);
  if (is_raw_ && is_in_front(in_)) ::tcsetattr(in_, TCSADRAIN, &before_);
  is_raw_ = false;
}

}  // namespace strongroom::workroom
