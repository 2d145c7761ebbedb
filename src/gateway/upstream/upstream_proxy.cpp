// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/upstream_proxy.h"

#include <algorithm>
#include <array>
#include <chrono>

#include "base/log.h"
#include "http/head.h"
#include "io/net.h"

namespace strongroom::gateway {
namespace {

constexpr std::size_t kLongestAnswer = 8UL << 10U;
/// For the look at where a name leads. Behind a proxy there may be no name server that answers, and
/// the rest of the time is the proxy's.
constexpr std::chrono::seconds kLook{2};

bool is_named(std::string_view entry, std::string_view host) {
  if (!entry.starts_with('.')) return entry == host;
  return host.ends_with(entry) || host == entry.substr(1);
}

std::string bracketed(std::string_view host) {
  const bool is_six = host.find(':') != std::string_view::npos;
  return is_six ? "[" + std::string(host) + "]" : std::string(host);
}

}  // namespace

bool UpstreamProxy::leads_to(const Authority& authority) const {
  if (facts_.host.empty()) return false;
  return std::ranges::none_of(
      facts_.no_proxy, [&](const std::string& entry) { return is_named(entry, authority.host()); });
}

io::Task<Result<io::Stream>> UpstreamProxy::connect(io::Loop& loop, Authority authority,
                                                    Deadline deadline) {
  std::string host(authority.host());
  const Deadline look = std::min(deadline, loop.deadline_in(kLook));
  const auto allowed = co_await io::check_public(loop, std::move(host), authority.port(), look);
  if (!allowed) co_return std::unexpected(allowed.error());
  auto proxy =
      co_await io::dial_tcp(loop, facts_.host, facts_.port, io::PrivateAddresses::Allow, deadline);
  if (!proxy) co_return proxy;
  proxy->set_deadline(deadline);
  const auto opened = co_await ask(*proxy, authority);
  if (!opened) co_return std::unexpected(opened.error());
  co_return proxy;
}

/// The answer is read octet by octet: what comes after it is the provider's.
io::Task<Status> UpstreamProxy::ask(io::Stream& proxy, Authority authority) {
  const std::string place = bracketed(authority.host()) + ":" + std::to_string(authority.port());
  std::string head = "CONNECT " + place + " HTTP/1.1\r\nhost: " + place + "\r\n";
  // In one piece from the start: growing would leave a copy of the credential behind.
  head.reserve(head.size() + facts_.basic_credentials.size() + 64);
  if (!facts_.basic_credentials.is_empty()) {
    head += "proxy-authorization: Basic ";
    facts_.basic_credentials.reveal([&](ByteView plain) { head += text_of(plain); });
    head += "\r\n";
  }
  head += "\r\n";
  const auto sent = co_await proxy.write_all(bytes_of(std::string_view(head)));
  wipe(head.data(), head.size());
  if (!sent) co_return sent;
  std::string answer;
  while (!answer.ends_with("\r\n\r\n")) {
    std::array<std::uint8_t, 1> octet{};
    const auto got = co_await proxy.read_some(octet);
    if (!got) co_return std::unexpected(got.error());
    if (*got == 0 || answer.size() == kLongestAnswer)
      co_return fail(Code::Network, "the upstream proxy ended before it answered");
    answer += static_cast<char>(octet[0]);
  }
  http::ResponseHead parsed;
  std::size_t scanned = 0;
  const auto outcome = http::parse_response(answer, "CONNECT", parsed, scanned);
  const bool is_whole = outcome.state == http::ParseState::Complete;
  if (is_whole && parsed.status >= 200 && parsed.status < 300) co_return Status();
  log_refusal(authority, is_whole ? parsed.status : 0, proxy.loop().coarse_now());
  co_return fail(Code::Network, "the upstream proxy does not open a tunnel",
                 std::string(kProxyRefused));
}

/// Agents choose how often it is asked.
void UpstreamProxy::log_refusal(const Authority& authority, int status, SteadyTime now) {
  lease::Finding line;
  line.what = std::to_string(status);
  line.host = authority.text();
  const auto left_out = refusals_.admit(line, now);
  if (!left_out) return;
  log(LogLevel::Warning, "upstream_proxy_refused",
      {{"host", line.host}, {"status", status}, {"left_out", *left_out}});
}

}  // namespace strongroom::gateway
