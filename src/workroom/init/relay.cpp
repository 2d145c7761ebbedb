// SPDX-License-Identifier: Apache-2.0
#include "workroom/init/relay.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "workroom/init/unix_dial.h"

namespace strongroom::workroom {
namespace {

constexpr std::size_t kPiece = 64UL << 10U;
/// What one connection may carry before others have their turn.
constexpr std::size_t kTurn = 1UL << 20U;
constexpr std::size_t kLongestReply = 4096;
/// The most connections, where descriptors allow them.
constexpr std::size_t kMost = 8192;
constexpr int kBacklog = 512;

struct Listener {
  int fd = -1;
  std::string destination;
};

struct Connection;
/// One end of a connection, as epoll knows it.
struct End {
  int fd = -1;
  bool is_open_to_read = true;  ///< its peer may still send
  bool is_finished = false;     ///< our side of it has been shut
  std::string pending;          ///< read from the other end, not yet taken by this one
  Connection* owner = nullptr;
};
struct Connection {
  End client;
  End gateway;
  std::string reply;       ///< of the gateway to our CONNECT, until it is whole
  bool is_asking = false;  ///< for a tunnel; the client is not read meanwhile
  bool is_dead = false;
  End& other(const End& end) { return &end == &client ? gateway : client; }
};

class Relays {
 public:
  int listen(std::string_view text);
  void serve();

  std::string socket;

 private:
  void accept(const Listener& listener);
  void add(int client, const std::string& destination);
  void watch(End& end, bool is_new);
  void settle(Connection& connection);
  void take(End& from, char* piece);
  bool read_reply(Connection& connection, std::string_view octets);
  static void flush(End& to);
  void close(Connection& connection);
  void listen_again();

  int poll_ = ::epoll_create1(EPOLL_CLOEXEC);
  std::vector<std::unique_ptr<Listener>> listeners_;
  std::vector<std::unique_ptr<Connection>> connections_;
  bool is_full_ = false;
  std::size_t most_ = kMost;
};

int Relays::listen(std::string_view text) {
  const auto first = text.find(' ');
  const auto second = text.find(' ', first + 1);
  if (second == std::string_view::npos) return EINVAL;
  const std::string address(text.substr(0, first));
  const std::string port(text.substr(first + 1, second - first - 1));
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(static_cast<std::uint16_t>(std::atoi(port.c_str())));
  if (::inet_pton(AF_INET, address.c_str(), &at.sin_addr) != 1) return EINVAL;
  auto listener = std::make_unique<Listener>();
  listener->destination = std::string(text.substr(second + 1));
  listener->fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (listener->fd < 0) return errno;
  const int yes = 1;
  ::setsockopt(listener->fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
  if (::bind(listener->fd, reinterpret_cast<const sockaddr*>(&at), sizeof(at)) != 0 ||
      ::listen(listener->fd, kBacklog) != 0)
    return errno;
  listeners_.push_back(std::move(listener));
  return 0;
}

/// Edge-triggered: settle() reads and writes until neither goes on.
void Relays::watch(End& end, bool is_new) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.ptr = &end;
  ::epoll_ctl(poll_, is_new ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, end.fd, &event);
}

void Relays::add(int client, const std::string& destination) {
  auto connection = std::make_unique<Connection>();
  connection->client.fd = client;
  connection->gateway.fd = dial_unix(socket.c_str(), SOCK_NONBLOCK);
  if (connection->gateway.fd < 0) {
    ::close(client);
    return;
  }
  const int yes = 1;
  ::setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
  connection->client.owner = connection->gateway.owner = connection.get();
  if (!destination.empty()) {
    connection->is_asking = true;
    connection->gateway.pending =
        "CONNECT " + destination + " HTTP/1.1\r\nHost: " + destination + "\r\n\r\n";
  }
  watch(connection->client, true);
  watch(connection->gateway, true);
  connections_.push_back(std::move(connection));
}

void Relays::accept(const Listener& listener) {
  while (connections_.size() < most_) {
    const int client = ::accept4(listener.fd, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (client < 0 && (errno == EINTR || errno == ECONNABORTED)) continue;
    if (client < 0) return;
    add(client, listener.destination);
  }
  is_full_ = true;  // what waits in the backlog is looked at when one has gone
}

void Relays::flush(End& to) {
  while (!to.pending.empty()) {
    const ssize_t sent = ::send(to.fd, to.pending.data(), to.pending.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) {
      if (errno != EAGAIN) to.owner->is_dead = true;
      return;
    }
    to.pending.erase(0, static_cast<std::size_t>(sent));
  }
  if (to.pending.capacity() > kLongestReply) std::string().swap(to.pending);
}

/// Part of the answer to our CONNECT? What follows its head is the client's.
bool Relays::read_reply(Connection& connection, std::string_view octets) {
  connection.reply += octets;
  const auto end = connection.reply.find("\r\n\r\n");
  if (end == std::string::npos) {
    connection.is_dead = connection.reply.size() > kLongestReply;
    return false;
  }
  if (connection.reply.compare(0, 12, "HTTP/1.1 200") != 0) {
    connection.is_dead = true;
    return false;
  }
  connection.is_asking = false;
  connection.client.pending += connection.reply.substr(end + 4);
  std::string().swap(connection.reply);
  return true;
}

/// Reads as long as the other end takes it at once.
void Relays::take(End& from, char* piece) {
  Connection& connection = *from.owner;
  End& to = connection.other(from);
  std::size_t taken = 0;
  while (from.is_open_to_read && to.pending.empty() && !connection.is_dead) {
    if (taken >= kTurn) {
      watch(from, false);  // told again at once, after the others
      return;
    }
    if (connection.is_asking && &from == &connection.client) return;
    const ssize_t got = ::recv(from.fd, piece, kPiece, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      if (errno != EAGAIN) connection.is_dead = true;
      return;
    }
    if (got == 0) {
      from.is_open_to_read = false;
      if (connection.is_asking) connection.is_dead = true;
      return;
    }
    taken += static_cast<std::size_t>(got);
    const std::string_view octets(piece, static_cast<std::size_t>(got));
    if (connection.is_asking)
      read_reply(connection, octets);
    else
      to.pending = octets;
    flush(to);
  }
}

void Relays::settle(Connection& connection) {
  static thread_local char piece[kPiece];
  for (int round = 0; round < 2; ++round) {
    // Twice, as what one direction lets through can set the other going (the end of asking).
    for (End* end : {&connection.client, &connection.gateway}) {
      flush(*end);
      take(connection.other(*end), piece);
    }
  }
  for (End* end : {&connection.client, &connection.gateway}) {
    const End& source = connection.other(*end);
    if (source.is_open_to_read || !end->pending.empty() || end->is_finished) continue;
    end->is_finished = true;
    ::shutdown(end->fd, SHUT_WR);
  }
  if (connection.client.is_finished && connection.gateway.is_finished) connection.is_dead = true;
}

void Relays::close(Connection& connection) {
  ::close(connection.client.fd);
  ::close(connection.gateway.fd);
  std::erase_if(connections_, [&](const auto& each) { return each.get() == &connection; });
  if (is_full_) listen_again();
}

void Relays::listen_again() {
  is_full_ = false;
  for (const auto& listener : listeners_) accept(*listener);
}

void Relays::serve() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur > 64)
    most_ = std::min(kMost, static_cast<std::size_t>(limit.rlim_cur - 32) / 2);
  for (const auto& listener : listeners_) {
    epoll_event event{};
    event.events = EPOLLIN | EPOLLET;
    event.data.u64 = reinterpret_cast<std::uintptr_t>(listener.get()) | 1U;
    ::epoll_ctl(poll_, EPOLL_CTL_ADD, listener->fd, &event);
  }
  std::vector<Connection*> touched;
  for (;;) {
    epoll_event events[64];
    const int count = ::epoll_wait(poll_, events, 64, -1);
    touched.clear();
    for (int i = 0; i < count; ++i) {
      const auto word = events[i].data.u64;
      if ((word & 1U) != 0) {
        accept(*reinterpret_cast<const Listener*>(static_cast<std::uintptr_t>(word & ~1ULL)));
        continue;
      }
      Connection* connection = static_cast<End*>(events[i].data.ptr)->owner;
      if ((events[i].events & EPOLLERR) != 0) connection->is_dead = true;
      if (std::find(touched.begin(), touched.end(), connection) == touched.end())
        touched.push_back(connection);
    }
    for (Connection* connection : touched) {
      if (!connection->is_dead) settle(*connection);
      if (connection->is_dead) close(*connection);
    }
  }
}

void* serve_in_background(void* relays) {
  static_cast<Relays*>(relays)->serve();
  return nullptr;
}

}  // namespace

int start_relays(const std::vector<char*>& relays, const char* gateway_socket) {
  static Relays all;  // for as long as process 1
  all.socket = gateway_socket;
  for (const char* each : relays)
    if (const int why = all.listen(each); why != 0) return why;
  pthread_t thread{};
  return ::pthread_create(&thread, nullptr, &serve_in_background, &all);
}

}  // namespace strongroom::workroom
