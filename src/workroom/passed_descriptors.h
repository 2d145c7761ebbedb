// Descriptors beside octets on a Unix socket (SCM_RIGHTS, unix(7)): the one way in which standard
// streams and sockets travel between the runner, strongroom-init and its clients. Header only, no
// dependency: both sides use it. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/socket.h>
#include <sys/uio.h>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>

namespace strongroom::workroom {

/// Aligned as the kernel wants it.
template <std::size_t Count>
union DescriptorControl {
  cmsghdr head;
  std::array<char, CMSG_SPACE(sizeof(std::array<int, Count>))> octets;
};

/// The descriptors go with the first octet. As sendmsg(2), which may take fewer octets.
template <std::size_t Count>
[[nodiscard]] ssize_t send_with(int fd, const void* octets, std::size_t size,
                                const std::array<int, Count>& passed, int flags = 0) {
  DescriptorControl<Count> control{};
  iovec part{const_cast<void*>(octets), size};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.octets.data();
  message.msg_controllen = control.octets.size();
  control.head.cmsg_level = SOL_SOCKET;
  control.head.cmsg_type = SCM_RIGHTS;
  control.head.cmsg_len = CMSG_LEN(sizeof(passed));
  std::memcpy(CMSG_DATA(&control.head), passed.data(), sizeof(passed));
  ssize_t sent = 0;
  do {
    sent = ::sendmsg(fd, &message, flags | MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  return sent;
}

struct ReceivedWith {
  ssize_t octets = 0;           ///< as recvmsg(2)
  std::size_t descriptors = 0;  ///< of those that came, close-on-exec, the callee's
  bool is_cut = false;          ///< more came than there is room for; the kernel has closed them
};

template <std::size_t Count>
[[nodiscard]] ReceivedWith receive_with(int fd, void* octets, std::size_t size,
                                        std::array<int, Count>& passed, int flags = 0) {
  DescriptorControl<Count> control{};
  iovec part{octets, size};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.octets.data();
  // Not one octet more: the kernel would fill what is there for alignment with another descriptor.
  message.msg_controllen = CMSG_LEN(sizeof(passed));
  ReceivedWith out;
  do {
    out.octets = ::recvmsg(fd, &message, flags | MSG_CMSG_CLOEXEC);
  } while (out.octets < 0 && errno == EINTR);
  if (out.octets < 0) return out;
  out.is_cut = (message.msg_flags & MSG_CTRUNC) != 0;
  const cmsghdr* const with = CMSG_FIRSTHDR(&message);
  if (with == nullptr || with->cmsg_level != SOL_SOCKET || with->cmsg_type != SCM_RIGHTS)
    return out;
  const std::size_t come = with->cmsg_len - CMSG_LEN(0);
  std::memcpy(passed.data(), CMSG_DATA(with), come);
  out.descriptors = come / sizeof(int);
  return out;
}

}  // namespace strongroom::workroom
