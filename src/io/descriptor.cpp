// SPDX-License-Identifier: Apache-2.0
#include "io/descriptor.h"

#include <sys/epoll.h>
#include <unistd.h>
#include <cerrno>
#include <cstring>

#include "base/check.h"
#include "io/loop.h"

namespace strongroom::io {

Status Descriptor::open(int fd) {
  STRONGROOM_CHECK(!is_open_, "a Descriptor is opened once at a time");
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.ptr = this;
  if (::epoll_ctl(loop_.epoll_, EPOLL_CTL_ADD, fd, &event) != 0) {
    const std::string why = std::strerror(errno);
    ::close(fd);
    return fail(Code::Network, "a descriptor cannot be watched: " + why);
  }
  fd_ = fd;
  is_open_ = may_read_ = may_write_ = true;
  has_ended_ = false;
  return {};
}

void Descriptor::open_joined() noexcept {
  is_open_ = may_write_ = true;
  may_read_ = has_ended_ = false;
}

void Descriptor::tell(News news) {
  switch (news) {
    case News::Readable:
      return on_event(EPOLLIN);
    case News::Writable:
      return on_event(EPOLLOUT);
    case News::Ended:
      return on_event(EPOLLRDHUP);
    case News::Gone:
      return on_event(EPOLLHUP);
  }
}

int Descriptor::release() noexcept {
  is_open_ = false;
  if (fd_ < 0) return -1;
  // Asked for even before close(): a child between fork and exec may still hold the socket open.
  ::epoll_ctl(loop_.epoll_, EPOLL_CTL_DEL, fd_, nullptr);
  loop_.forget(*this);
  return std::exchange(fd_, -1);
}

void Descriptor::close() noexcept {
  if (!is_open_) return;
  const int fd = release();
  if (fd >= 0) ::close(fd);
  on_readable_ = nullptr;
  if (reader_) loop_.resume_soon(std::exchange(reader_, nullptr));
  if (writer_) loop_.resume_soon(std::exchange(writer_, nullptr));
}

bool Descriptor::Wait::await_ready() const noexcept {
  if (!descriptor.is_open()) return true;
  return direction == Direction::Read ? descriptor.may_read_ : descriptor.may_write_;
}

void Descriptor::Wait::await_suspend(std::coroutine_handle<> waiting) const noexcept {
  auto& place = direction == Direction::Read ? descriptor.reader_ : descriptor.writer_;
  STRONGROOM_CHECK(place == nullptr, "one coroutine waits for a direction of a descriptor");
  place = waiting;
}

void Descriptor::on_event(std::uint32_t events) {
  constexpr std::uint32_t kEnd = EPOLLRDHUP | EPOLLHUP | EPOLLERR;
  if ((events & kEnd) != 0) has_ended_ = true;
  if ((events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0) {
    may_write_ = true;
    if (writer_) loop_.resume_soon(std::exchange(writer_, nullptr));
  }
  if ((events & (EPOLLIN | kEnd)) == 0) return;
  may_read_ = true;
  if (reader_) loop_.resume_soon(std::exchange(reader_, nullptr));
  // Last: it may destroy this.
  if (const auto call = std::exchange(on_readable_, nullptr)) call();
}

}  // namespace strongroom::io
