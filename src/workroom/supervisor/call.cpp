// SPDX-License-Identifier: Apache-2.0
#include "workroom/supervisor/call.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "workroom/init/unix_dial.h"

namespace strongroom::workroom {
namespace {

constexpr timeval kWithin{10, 0};
constexpr std::string_view kStatusLine = "HTTP/1.1 200";

/// A path of any length: by its folder.
int dial(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == std::string::npos) return -1;
  const int folder = ::open(path.substr(0, slash + 1).c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return -1;
  const std::string near = "/proc/self/fd/" + std::to_string(folder) + path.substr(slash);
  const int fd = dial_unix(near.c_str());
  ::close(folder);
  return fd;
}

int dial(const std::string& address, std::uint16_t port) {
  sockaddr_in6 six{};
  sockaddr_in four{};
  six.sin6_family = AF_INET6;
  four.sin_family = AF_INET;
  six.sin6_port = four.sin_port = htons(port);
  const bool is_four = ::inet_pton(AF_INET, address.c_str(), &four.sin_addr) == 1;
  if (!is_four && ::inet_pton(AF_INET6, address.c_str(), &six.sin6_addr) != 1) return -1;
  const int fd = ::socket(is_four ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &kWithin, sizeof(kWithin));  // of connect() too
  const int done = is_four ? ::connect(fd, reinterpret_cast<sockaddr*>(&four), sizeof(four))
                           : ::connect(fd, reinterpret_cast<sockaddr*>(&six), sizeof(six));
  if (done == 0) return fd;
  ::close(fd);
  return -1;
}

bool send_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t sent = ::send(fd, text.data(), text.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

/// Closes the connection. Of the answer, nothing but the status is looked at.
int ask(int fd, const std::string& request) {
  if (fd < 0) return 0;
  ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &kWithin, sizeof(kWithin));
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &kWithin, sizeof(kWithin));
  std::string answer(kStatusLine.size(), '\0');
  std::size_t size = 0;
  if (send_all(fd, request))
    while (size < answer.size()) {
      const ssize_t got = ::recv(fd, answer.data() + size, answer.size() - size, 0);
      if (got <= 0) break;
      size += static_cast<std::size_t>(got);
    }
  char rest[4096];
  while (size == answer.size() && ::recv(fd, rest, sizeof(rest), 0) > 0) {
  }
  ::close(fd);
  if (size < answer.size() || !answer.starts_with("HTTP/1.")) return 0;
  return std::atoi(answer.c_str() + kStatusLine.find(' '));
}

std::string request_of(const std::string& method, const std::string& target,
                       const std::string& more, const std::string& body) {
  return method + " " + target + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + more +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

}  // namespace

int tell_vault(const SupervisionRecord& record, const std::string& body) {
  const int fd = record.server_socket.empty() ? dial(record.server_address, record.server_port)
                                              : dial(record.server_socket);
  const std::string more =
      "Authorization: Bearer " + record.credential + "\r\nContent-Type: application/json\r\n";
  return ask(fd, request_of("POST", "/api/v1/sessions/" + record.session + "/report", more, body));
}

void remove_container(const std::string& engine_socket, const std::string& name) {
  constexpr int kConflict = 409;  // it is being removed already
  for (int round = 0; round < 10; ++round) {
    const int status = ask(dial(engine_socket),
                           request_of("DELETE", "/containers/" + name + "?force=1&v=1", "", ""));
    if (status != kConflict && status != 0) return;
    ::usleep(100'000);
  }
}

}  // namespace strongroom::workroom
