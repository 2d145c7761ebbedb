// SPDX-License-Identifier: Apache-2.0
#include "app/loopback_answer.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <algorithm>
#include <array>

#include "http/form.h"
#include "io/net.h"

namespace strongroom::app {
namespace {

constexpr std::string_view kStart = "GET /callback?";
constexpr std::size_t kLongestHead = 8192;
constexpr std::string_view kDone =
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n"
    "Referrer-Policy: no-referrer\r\nCache-Control: no-store\r\nContent-Length: 53\r\n\r\n"
    "Strongroom has your answer: go back to your terminal.";
constexpr std::string_view kNothing =
    "HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";

bool is_readable(int fd, SteadyTime until) {
  const auto left =
      std::chrono::duration_cast<std::chrono::milliseconds>(until - SystemClock().steady());
  pollfd one{fd, POLLIN, 0};
  return left.count() > 0 && ::poll(&one, 1, static_cast<int>(left.count())) == 1;
}

/// Up to the end of the first line.
std::string first_line(int fd, SteadyTime until) {
  std::string text;
  std::array<char, 2048> part{};
  while (text.find("\r\n") == std::string::npos && text.size() < kLongestHead &&
         is_readable(fd, until)) {
    const ssize_t got = ::recv(fd, part.data(), part.size(), 0);
    if (got <= 0) break;
    text.append(part.data(), static_cast<std::size_t>(got));
  }
  return text.substr(0, text.find("\r\n"));
}

}  // namespace

Result<LoopbackAnswer> LoopbackAnswer::open() {
  STRONGROOM_TRY(const auto bound, io::listen_tcp({"127.0.0.1", 0}));
  return LoopbackAnswer(bound.fd, bound.bound.port);
}

Result<std::map<std::string, std::string>> LoopbackAnswer::wait(std::chrono::seconds within) {
  const OwnedDescriptor listener(listener_);
  const SteadyTime until = SystemClock().steady() + within;
  while (is_readable(listener.get(), until)) {
    const OwnedDescriptor caller(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (caller.get() < 0) continue;
    const SteadyTime soon = std::min(until, SystemClock().steady() + std::chrono::seconds(5));
    const std::string line = first_line(caller.get(), soon);
    const auto end = line.rfind(" HTTP/1.");
    const bool is_it = line.starts_with(kStart) && end != std::string::npos && end > kStart.size();
    const std::string_view answer = is_it ? kDone : kNothing;
    (void)::send(caller.get(), answer.data(), answer.size(), MSG_NOSIGNAL);
    if (!is_it) continue;
    const auto fields = http::read_form(line.substr(0, end).substr(kStart.size())).fields;
    // From the last on: of two with one name it counts.
    return std::map<std::string, std::string>(fields.rbegin(), fields.rend());
  }
  return fail(Code::Timeout, "the browser has not come back in time: begin again");
}

}  // namespace strongroom::app
