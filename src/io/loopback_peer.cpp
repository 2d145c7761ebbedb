// SPDX-License-Identifier: Apache-2.0
#include "io/loopback_peer.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace strongroom::io {
namespace {

/// Lines shift between two reads of the table while other sockets come and go: one that stands
/// there all the time can be missed.
constexpr int kLooks = 3;
constexpr std::size_t kLargestTable = 64_MiB;
/// "sl local_address rem_address st tx_queue:rx_queue tr:tm->when retrnsmt uid timeout inode"
constexpr std::size_t kLocal = 1;
constexpr std::size_t kRemote = 2;
constexpr std::size_t kUser = 7;
constexpr std::size_t kInode = 9;

/// An address as the tables have it: "0100007F:1F90", the octets of the address in this machine's
/// order.
std::string table_form(const sockaddr_in& address, bool is_mapped) {
  char text[48];
  const int size =
      std::snprintf(text, sizeof(text), "%s%08X:%04X", is_mapped ? "0000000000000000FFFF0000" : "",
                    address.sin_addr.s_addr, ntohs(address.sin_port));
  return {text, static_cast<std::size_t>(size)};
}

std::string read_table(const char* path) {
  std::string text;
  const int fd = ::open(path, O_RDONLY | O_CLOEXEC);
  std::array<char, 64_KiB> block;
  while (fd >= 0 && text.size() < kLargestTable) {
    const ssize_t got = ::read(fd, block.data(), block.size());
    if (got <= 0) break;
    text.append(block.data(), static_cast<std::size_t>(got));
  }
  if (fd >= 0) ::close(fd);
  return text;
}

std::array<std::string_view, kInode + 1> fields_of(std::string_view line) {
  std::array<std::string_view, kInode + 1> out;
  for (auto& field : out) {
    line.remove_prefix(std::min(line.size(), line.find_first_not_of(' ')));
    field = line.substr(0, line.find(' '));
    line.remove_prefix(field.size());
  }
  return out;
}

template <class Number>
bool read_number(std::string_view text, Number& out) {
  const auto read = std::from_chars(text.data(), text.data() + text.size(), out);
  return read.ec == std::errc() && read.ptr == text.data() + text.size();
}

std::optional<LoopbackPeer> peer_in(std::string_view table, std::string_view local,
                                    std::string_view remote) {
  while (!table.empty()) {
    const std::string_view line = table.substr(0, table.find('\n'));
    table.remove_prefix(std::min(table.size(), line.size() + 1));
    const auto fields = fields_of(line);
    if (fields[kLocal] != local || fields[kRemote] != remote) continue;
    LoopbackPeer out;
    if (read_number(fields[kUser], out.user) && read_number(fields[kInode], out.inode)) return out;
  }
  return std::nullopt;
}

}  // namespace

std::optional<LoopbackPeer> loopback_peer(int fd) {
  sockaddr_in ours{};
  sockaddr_in theirs{};
  socklen_t size = sizeof(ours);
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&ours), &size) != 0) return std::nullopt;
  size = sizeof(theirs);
  if (::getpeername(fd, reinterpret_cast<sockaddr*>(&theirs), &size) != 0) return std::nullopt;
  if (ours.sin_family != AF_INET || theirs.sin_family != AF_INET) return std::nullopt;
  for (int look = 0; look < kLooks; ++look) {
    // A dual-stack socket (Java's, for one) stands in the other table, as ::ffff:127.0.0.1.
    for (const bool is_mapped : {false, true}) {
      const auto table = read_table(is_mapped ? "/proc/self/net/tcp6" : "/proc/self/net/tcp");
      const auto peer = peer_in(table, table_form(theirs, is_mapped), table_form(ours, is_mapped));
      if (peer) return peer;
    }
  }
  return std::nullopt;
}

}  // namespace strongroom::io
