// SPDX-License-Identifier: Apache-2.0
#include "io/socket_tables.h"

#include <fcntl.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <cstring>
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

/// An address as the tables have it: "0100007F:1F90", words of four octets in this machine's order.
std::string table_form(const SocketEnd& end, bool is_six) {
  std::array<std::uint32_t, 4> words{};
  std::memcpy(words.data(), &end.address, sizeof(words));
  char text[48];
  const std::uint16_t port = ntohs(end.port);
  const int size = is_six ? std::snprintf(text, sizeof(text), "%08X%08X%08X%08X:%04X", words[0],
                                          words[1], words[2], words[3], port)
                          : std::snprintf(text, sizeof(text), "%08X:%04X", words[3], port);
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

std::optional<LoopbackPeer> find_in_tables(const SocketEnd& local, const SocketEnd& remote) {
  const bool is_four = IN6_IS_ADDR_V4MAPPED(&local.address) != 0;
  for (int look = 0; look < kLooks; ++look) {
    // A dual-stack socket (Java's, for one) stands in the other table, as ::ffff:127.0.0.1.
    for (const bool is_six : {false, true}) {
      if (!is_six && !is_four) continue;
      const auto table = read_table(is_six ? "/proc/self/net/tcp6" : "/proc/self/net/tcp");
      const auto peer = peer_in(table, table_form(local, is_six), table_form(remote, is_six));
      if (peer) return peer;
    }
  }
  return std::nullopt;
}

}  // namespace strongroom::io
