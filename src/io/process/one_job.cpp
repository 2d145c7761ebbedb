// SPDX-License-Identifier: Apache-2.0
#include "io/process/one_job.h"

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <algorithm>

#include "base/encoding.h"

namespace strongroom::io {

Secret with_secret(ByteVector plain, const Secret& secret) {
  Writer(plain).u32(static_cast<std::uint32_t>(secret.size()));
  Secret all = Secret::of_size(plain.size() + secret.size());
  all.reveal_mutable([&](MutableBytes out) {
    std::ranges::copy(plain, out.begin());
    secret.reveal(
        [&](ByteView octets) { std::ranges::copy(octets, out.subspan(plain.size()).begin()); });
  });
  return all;
}

bool is_plain_text(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

bool give_job(int socket, const Secret& job) {
  const auto sent = job.reveal([&](ByteView octets) {
    return ::send(socket, octets.data(), octets.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  });
  if (sent != static_cast<ssize_t>(job.size())) return false;
  ::shutdown(socket, SHUT_WR);
  return true;
}

Result<Secret> take_job(std::size_t most) {
  Secret octets = Secret::of_size(most);
  std::size_t size = 0;
  const bool is_whole = octets.reveal_mutable([&](MutableBytes room) {
    while (size < room.size()) {
      const ssize_t got = ::read(STDIN_FILENO, room.data() + size, room.size() - size);
      if (got < 0) return false;
      if (got == 0) return true;
      size += static_cast<std::size_t>(got);
    }
    return true;
  });
  if (!is_whole) return fail(Code::Protocol, "no job could be read");
  octets.shrink(size);
  return octets;
}

bool give_outcome(const Secret& outcome) {
  const ssize_t sent = outcome.reveal([](ByteView octets) {
    return ::send(STDIN_FILENO, octets.data(), octets.size(), MSG_NOSIGNAL);
  });
  return sent == static_cast<ssize_t>(outcome.size());
}

void lock_all_memory() {
  const rlimit none{RLIM_INFINITY, RLIM_INFINITY};
  if (::setrlimit(RLIMIT_MEMLOCK, &none) == 0)
    (void)::mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT);
}

}  // namespace strongroom::io
