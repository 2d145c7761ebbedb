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
  resume_all(Direction::Read);
  resume_all(Direction::Write);
}

Descriptor::~Descriptor() {
  close();
  // Of one that was released while they waited.
  for (const Direction direction : {Direction::Read, Direction::Write})
    for (Wait* each = std::exchange(waits_for(direction), nullptr); each != nullptr;
         each = each->next_)
      each->waiting_ = nullptr;
}

bool Descriptor::Wait::await_ready() const noexcept {
  if (!descriptor_.is_open()) return true;
  return direction_ == Direction::Read ? descriptor_.may_read_ : descriptor_.may_write_;
}

void Descriptor::Wait::await_suspend(std::coroutine_handle<> waiting) noexcept {
  waiting_ = waiting;
  Wait** end = &descriptor_.waits_for(direction_);
  while (*end != nullptr) end = &(*end)->next_;
  *end = this;
}

/// Of a coroutine that is destroyed where it waits.
Descriptor::Wait::~Wait() {
  if (waiting_ == nullptr) return;
  Wait** place = &descriptor_.waits_for(direction_);
  while (*place != nullptr && *place != this) place = &(*place)->next_;
  if (*place == this) *place = next_;
}

void Descriptor::resume_all(Direction direction) noexcept {
  Wait* each = std::exchange(waits_for(direction), nullptr);
  while (each != nullptr) {
    Wait* const next = std::exchange(each->next_, nullptr);
    loop_.resume_soon(std::exchange(each->waiting_, nullptr));
    each = next;
  }
}

void Descriptor::on_event(std::uint32_t events) {
  constexpr std::uint32_t kEnd = EPOLLRDHUP | EPOLLHUP | EPOLLERR;
  if ((events & kEnd) != 0) has_ended_ = true;
  if ((events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0) {
    may_write_ = true;
    resume_all(Direction::Write);
  }
  if ((events & (EPOLLIN | kEnd)) == 0) return;
  may_read_ = true;
  resume_all(Direction::Read);
  // Last: it may destroy this.
  if (const auto call = std::exchange(on_readable_, nullptr)) call();
}

}  // namespace strongroom::io
