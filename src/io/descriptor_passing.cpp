// SPDX-License-Identifier: Apache-2.0
#include "io/descriptor_passing.h"

#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>
#include <array>
#include <cerrno>
#include <cstring>
#include <string>

#include "base/check.h"
#include "io/descriptor.h"

namespace strongroom::io {
namespace {

/// Room for one descriptor, aligned as the kernel wants it.
union Control {
  cmsghdr head;
  std::array<char, CMSG_SPACE(sizeof(int))> octets;
};

}  // namespace

Result<SocketPair> descriptor_pair() {
  int pair[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) != 0)
    return fail(Code::Network, std::string("no socket pair can be made: ") + std::strerror(errno));
  return SocketPair{pair[0], pair[1]};
}

Passed pass_descriptor(int channel, ByteView message, int fd) {
  std::array<std::uint8_t, kMaxPassedMessage> copy{};
  STRONGROOM_CHECK(!message.empty() && message.size() <= copy.size(),
                   "a message beside a descriptor has 1 to 64 octets");
  std::memcpy(copy.data(), message.data(), message.size());
  iovec part{copy.data(), message.size()};
  Control control{};
  msghdr head{};
  head.msg_iov = &part;
  head.msg_iovlen = 1;
  if (fd >= 0) {
    head.msg_control = control.octets.data();
    head.msg_controllen = control.octets.size();
    control.head.cmsg_level = SOL_SOCKET;
    control.head.cmsg_type = SCM_RIGHTS;
    control.head.cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));
  }
  if (::sendmsg(channel, &head, MSG_NOSIGNAL) >= 0) return Passed::Now;
  const bool is_gone = errno == EPIPE || errno == ECONNRESET || errno == ENOTCONN;
  return is_gone ? Passed::Never : Passed::Later;
}

struct DescriptorReceiver::State {
  State(Loop& loop, OnMessage call) : channel(loop), on_message(std::move(call)) {}
  Descriptor channel;
  OnMessage on_message;

  static Task<void> run(std::shared_ptr<State> state) {
    while (state->channel.is_open()) {
      co_await state->channel.readable();
      while (state->channel.is_open() && state->take_one()) {
      }
    }
  }

  /// False when nothing is there; the end closes the channel.
  bool take_one() {
    std::array<std::uint8_t, kMaxPassedMessage> message{};
    iovec part{message.data(), message.size()};
    Control control{};
    msghdr head{};
    head.msg_iov = &part;
    head.msg_iovlen = 1;
    head.msg_control = control.octets.data();
    head.msg_controllen = control.octets.size();
    const ssize_t size = ::recvmsg(channel.fd(), &head, MSG_CMSG_CLOEXEC);
    if (size < 0 && errno == EINTR) return true;
    if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      channel.drained();
      return false;
    }
    if (size <= 0) {
      channel.close();
      return false;
    }
    int fd = -1;
    const cmsghdr* const first = CMSG_FIRSTHDR(&head);
    if (first != nullptr && first->cmsg_level == SOL_SOCKET && first->cmsg_type == SCM_RIGHTS)
      std::memcpy(&fd, CMSG_DATA(first), sizeof(fd));
    on_message(ByteView(message).first(static_cast<std::size_t>(size)), fd);
    return true;
  }
};

DescriptorReceiver::DescriptorReceiver(Loop& loop, int channel, OnMessage on_message)
    : state_(std::make_shared<State>(loop, std::move(on_message))) {
  if (state_->channel.open(channel)) loop.spawn(State::run(state_));
}

DescriptorReceiver::~DescriptorReceiver() {
  state_->channel.close();
}

}  // namespace strongroom::io
