// getaddrinfo cannot be cancelled: each look-up runs on a helper thread, and a caller whose
// deadline passes just leaves; the answer then only fills the memory. SPDX-License-Identifier:
// Apache-2.0
#include "io/dial/resolver.h"

#include <netdb.h>
#include <netinet/in.h>
#include <cstring>
#include <memory>
#include <optional>

#include "io/dial/addresses.h"
#include "io/dial/names.h"
#include "io/net.h"

namespace strongroom::io {
namespace {

using Addresses = std::vector<ResolvedAddress>;

Result<Addresses> look_up(const std::string& host, int flags) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags;
  addrinfo* found = nullptr;
  const int failed = ::getaddrinfo(host.c_str(), nullptr, &hints, &found);
  if (failed != 0)
    return fail(Code::Network, "cannot resolve " + host + ": " + ::gai_strerror(failed),
                std::string(kNotResolved));
  Addresses out;
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
    ResolvedAddress address;
    std::memcpy(&address.storage, each->ai_addr, each->ai_addrlen);
    address.size = each->ai_addrlen;
    out.push_back(address);
  }
  ::freeaddrinfo(found);
  return out;
}

void set_port(Addresses& addresses, std::uint16_t port) {
  for (auto& address : addresses) {
    if (address.storage.ss_family == AF_INET) {
      reinterpret_cast<sockaddr_in*>(&address.storage)->sin_port = htons(port);
    } else {
      reinterpret_cast<sockaddr_in6*>(&address.storage)->sin6_port = htons(port);
    }
  }
}

/// Shared by all loops of the process; its threads live as long as the process does, and reckon by
/// the machine's clock, as no loop's outlives them.
Names& names() {
  static auto* clock = new SystemClock;
  static auto* instance =
      new Names([](const std::string& host) { return look_up(host, AI_ADDRCONFIG); }, *clock);
  return *instance;
}

/// What the caller and the helper thread share.
struct Question {
  explicit Question(Loop& loop) : answered(loop) {}
  Event answered;
  Result<Addresses> answer =
      std::unexpected(Error(Code::Timeout, "the name was not resolved in time"));
};

/// The helper thread may outlive loop and question: it holds neither.
std::optional<Result<Addresses>> ask(const std::shared_ptr<Question>& question,
                                     const std::string& host, Loop& loop) {
  const std::weak_ptr<Question> waiting = question;
  return names().ask(host, waiting, [waiting, mailbox = loop.mailbox()](const auto& answer) {
    mailbox->post([waiting, answer] {
      const auto asked = waiting.lock();
      if (asked == nullptr) return;
      asked->answer = answer;
      asked->answered.set();
    });
  });
}

}  // namespace

Task<Result<Addresses>> resolve(Loop& loop, std::string host, std::uint16_t port,
                                Deadline deadline) {
  if (is_address_literal(host)) {
    auto literal = look_up(host, AI_NUMERICHOST);
    if (literal) set_port(*literal, port);
    co_return literal;
  }
  const auto question = std::make_shared<Question>(loop);
  if (auto known = ask(question, host, loop)) {
    question->answer = std::move(*known);
  } else {
    co_await question->answered.wait_until(deadline);
  }
  auto answer = std::move(question->answer);
  if (answer) set_port(*answer, port);
  co_return answer;
}

}  // namespace strongroom::io
