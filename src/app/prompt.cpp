// SPDX-License-Identifier: Apache-2.0
#include "app/prompt.h"

#include <fcntl.h>
#include <termios.h>
#include <unistd.h>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "base/utf8.h"

namespace strongroom::app {
namespace {

constexpr std::size_t kMaxValue = 64UL << 10U;

/// A buffer of its full size from the start, wiped at the end.
struct WipedBuffer {
  ByteVector octets;
  WipedBuffer() : octets(kMaxValue + 3) {}
  WipedBuffer(const WipedBuffer&) = delete;
  WipedBuffer& operator=(const WipedBuffer&) = delete;
  ~WipedBuffer() { wipe(octets.data(), octets.size()); }
};

/// No echo while it lives.
class HiddenInput {
 public:
  explicit HiddenInput(int fd) : fd_(fd) {
    is_active_ = ::tcgetattr(fd_, &before_) == 0;
    if (!is_active_) return;
    termios quiet = before_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    is_active_ = ::tcsetattr(fd_, TCSAFLUSH, &quiet) == 0;
  }
  HiddenInput(const HiddenInput&) = delete;
  HiddenInput& operator=(const HiddenInput&) = delete;
  ~HiddenInput() {
    if (is_active_) ::tcsetattr(fd_, TCSAFLUSH, &before_);
  }

 private:
  int fd_;
  bool is_active_ = false;
  termios before_{};
};

enum class Until : std::uint8_t { EndOfLine, EndOfInput };

Result<Secret> read_from(int fd, Until until) {
  WipedBuffer buffer;
  std::size_t size = 0;
  while (size < buffer.octets.size()) {
    const ssize_t got = ::read(fd, buffer.octets.data() + size,
                               until == Until::EndOfLine ? 1 : buffer.octets.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0)
      return fail(Code::Invalid, std::string("cannot read the value: ") + std::strerror(errno));
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
    if (until == Until::EndOfLine && buffer.octets[size - 1] == '\n') break;
  }
  // On standard input the one newline at the end is the vault's to trim; a line typed at a prompt
  // ends here.
  if (until == Until::EndOfLine && size > 0 && buffer.octets[size - 1] == '\n') --size;
  const std::size_t newline = size > 0 && buffer.octets[size - 1] == '\n' ? 1 : 0;
  if (size - newline > kMaxValue)
    return fail(Code::TooLarge, "the value is too large: a key has at most 65,536 octets");
  if (size == newline)
    return fail(Code::Invalid, "the value is empty: give it at the prompt or on standard input");
  if (!is_utf8(text_of(ByteView(buffer.octets.data(), size))))
    return fail(Code::Invalid, "the value is not text (UTF-8): nothing was stored");
  if (size > kMaxValue) size = kMaxValue;  // 64 KiB and a newline: a Secret holds no more
  return Secret(ByteView(buffer.octets.data(), size));
}

Result<Secret> prompt_on_terminal(const std::string& prompt) {
  const std::string line = prompt + " (not shown): ";
  if (::write(STDERR_FILENO, line.data(), line.size()) < 0)
    return fail(Code::Invalid, "cannot prompt on this terminal");
  auto value = [] {
    const HiddenInput hidden(STDIN_FILENO);
    return read_from(STDIN_FILENO, Until::EndOfLine);
  }();
  if (::write(STDERR_FILENO, "\n", 1) < 0)
    return fail(Code::Invalid, "cannot prompt on this terminal");
  return value;
}

}  // namespace

Result<Secret> read_value(const std::string& prompt) {
  if (::isatty(STDIN_FILENO) == 1) return prompt_on_terminal(prompt);
  return read_from(STDIN_FILENO, Until::EndOfInput);
}

Result<Secret> read_line_value(const std::string& prompt) {
  STRONGROOM_TRY(Secret value, read_value(prompt));
  if (value.reveal([](ByteView plain) { return plain.back() == '\n'; }))
    value.shrink(value.size() - 1);
  return value;
}

Result<Secret> read_next_line(const std::string& prompt) {
  if (::isatty(STDIN_FILENO) == 1) return prompt_on_terminal(prompt);
  return read_from(STDIN_FILENO, Until::EndOfLine);
}

Result<Secret> read_passphrase() {
  const char* path = std::getenv("STRONGROOM_PASSPHRASE_FILE");
  if (path == nullptr || *path == '\0') {
    if (::isatty(STDIN_FILENO) == 1) return prompt_on_terminal("Passphrase of the seal");
    return fail(Code::Sealed,
                "the seal needs a passphrase: name a file with it in STRONGROOM_PASSPHRASE_FILE, "
                "or start on a terminal",
                "passphrase_missing");
  }
  const int fd = ::open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return fail(Code::Sealed,
                std::string("cannot open STRONGROOM_PASSPHRASE_FILE: ") + std::strerror(errno),
                "passphrase_missing");
  auto value = read_from(fd, Until::EndOfInput);
  ::close(fd);
  if (!value) return value;
  const bool ends_with_newline = value->reveal([](ByteView plain) { return plain.back() == '\n'; });
  if (ends_with_newline) value->shrink(value->size() - 1);
  return value;
}

}  // namespace strongroom::app
