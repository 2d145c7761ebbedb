// World: a gateway between a scripted provider (real TLS under the providers' own names) and a
// vault of ten lines, joined by the real lease channel. For the gateway's own tests.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "crypto/crypto.h"
#include "gateway/gateway.h"
#include "http/body.h"
#include "io/net.h"
#include "io/tls/tls.h"
#include "lease/vault_side.h"

namespace strongroom::gateway {

inline constexpr const char* kGeminiHost = "generativelanguage.googleapis.com";
inline constexpr const char* kRealKey = "AIzaSyRealRealRealRealRealRealRealRe";

/// Forty-three characters after the service's own prefix.
inline std::string pass_for(const std::string& prefix, char fill = 'p') {
  return prefix + std::string(43, fill);
}
inline const std::string kGeminiPass = pass_for("AIza");
inline const std::string kElevenPass = pass_for("sk_", 'e');
inline const std::string kFirecrawlPass = pass_for("fc-", 'f');
inline const std::string kGenericPass = pass_for("srp_", 'g');
inline const std::string kProxyCredential = pass_for("srx_", 'x');

/// Whose all passes are that nothing else is said of.
inline constexpr SessionId kSessionOfAll(IdBytes{9});

/// One service a pass; what it is told is kept.
class TinyVault final : public lease::LeaseSource {
 public:
  TinyVault();
  lease::VaultHello vault_hello(lease::HolderRole) override { return {}; }
  Result<lease::GrantedLease> open_by_pass(const lease::PassHash& pass,
                                           std::string_view service) override;
  SessionId session_of_pass(const lease::PassHash& pass) const override;
  Result<std::vector<lease::GrantedLease>> open_injected(SessionId) override {
    return std::vector<lease::GrantedLease>();
  }
  bool may_continue(SessionId, KeyId key) const override { return !revoked.contains(key); }
  std::uint64_t on_intents(std::span<const lease::Use> batch,
                           std::function<void()> durable) override;
  void on_settled(std::span<const lease::SettledUse> batch) override;
  void on_finding(const lease::Finding& finding) override {
    findings.push_back(finding.what);
    finding_sessions.push_back(finding.session);
    finding_paths.push_back(finding.path);
  }
  void on_verdict(const lease::Observed& observed) override {
    verdicts.push_back(observed.verdict);
  }
  lease::SpentToday spent_by_others(PolicyId, HolderId) const override {
    const auto today = std::chrono::floor<std::chrono::days>(SystemClock().wall());
    return {today.time_since_epoch().count(), spent, spent};
  }
  void on_refusals(const lease::Refusals& refusals) override {
    for (const auto& [code, count] : refusals.counts) refused[code] += count;
  }
  void on_session_over(SessionId, std::int32_t) override {}
  void on_holder_lost(const lease::HolderHello&, bool) override {}

  struct Entry {
    std::string service;
    KeyId key;
    lease::Settings settings;
    std::vector<lease::GrantedPolicy> policies = {};
    TenantId tenant = {};
    SessionId session = kSessionOfAll;
  };
  /// By the pass that a request carries.
  Entry& entry(const std::string& pass) { return passes.at(crypto::sha256(bytes_of(pass))); }
  std::map<lease::PassHash, Entry> passes;
  std::set<KeyId> revoked;
  std::vector<std::string> paths;
  std::vector<lease::UseSettled> settled;
  std::vector<std::string> findings;
  std::vector<std::string> finding_paths;
  std::vector<SessionId> finding_sessions;
  std::map<std::string, std::uint32_t> refused;
  std::uint64_t spent = 0;  ///< by others, under every policy
  std::string denial;  ///< why a pass of another service is refused; "pass_wrong_service" if empty
  std::vector<lease::Verdict> verdicts;
  std::vector<std::function<void()>> held;
  bool holds_back = false;  ///< the record's disk is slow
  bool keeps_notes = true;
  bool key_is_rejected = false;
};

/// What a provider does with a request is said by `answer`; octets it returns go out as they are.
class Provider {
 public:
  struct Seen {
    std::string head;
    std::string body;
    std::string trailers;
  };
  void start(io::Loop& loop, io::TlsServer tls);
  [[nodiscard]] std::string address() const { return address_; }
  /// To the connection that asked last.
  io::Task<bool> send(std::string octets);

  std::function<std::string(const Seen&)> answer;
  std::vector<Seen> seen;
  std::string raw;  ///< after a 101, or all of an upload that is not read as a request
  int connections = 0;
  int ended = 0;
  bool reads_bodies = true;
  bool becomes_raw = false;  ///< after the answer, whatever comes is kept in `raw`

 private:
  io::Task<void> serve(std::shared_ptr<io::Stream> stream);
  io::Task<bool> read_body(io::Stream& stream, http::BodyFraming framing, std::string& buffer,
                           Seen& seen_now);
  io::Task<void> read_raw(io::Stream& stream);
  io::Loop* loop_ = nullptr;
  std::unique_ptr<io::TlsServer> tls_;
  std::unique_ptr<io::Acceptor> acceptor_;
  std::shared_ptr<io::Stream> last_;
  std::string address_;
};

struct Answer {
  int status = 0;
  std::string head;
  std::string body;
  std::string trailers;
  bool is_whole = false;
  [[nodiscard]] bool says(std::string_view text) const {
    return head.find(text) != std::string::npos || body.find(text) != std::string::npos;
  }
};

/// One connection of an agent.
class Agent {
 public:
  Agent(io::Loop& loop, std::uint16_t port) : loop_(loop), port_(port) {}
  io::Task<bool> send(std::string octets);
  /// The next final answer; 1xx before it are kept in `informational`.
  io::Task<Answer> answer(std::string method = "GET");
  /// Everything until `text` came, or the end.
  io::Task<std::string> until(std::string text);
  /// True when the other side ends it (in whatever way) within 5 s.
  io::Task<bool> is_ended();
  void leave() { stream_.reset(); }
  std::string informational;

 private:
  io::Task<bool> read_more();
  io::Loop& loop_;
  std::uint16_t port_;
  std::optional<io::Stream> stream_;
  std::string buffer_;
};

class World {
 public:
  /// The gateway on one loop, all else on the other (which may be the same).
  World(io::Loop& gateway_loop, io::Loop& other_loop);
  /// A gateway as if begun anew, on a port of its own, with these limits. The one before has
  /// nothing under way.
  void restart_gateway(std::size_t tenant_exchanges, std::size_t connections);

  [[nodiscard]] Agent agent() { return Agent(other_loop, port); }
  /// As the vault does it: no new lease, then the fence; true when every gateway has acknowledged.
  io::Task<bool> revoke(std::string pass);
  io::Task<bool> until(std::function<bool()> is_so);

  io::Loop& other_loop;
  TinyVault vault;
  Provider provider;
  std::unique_ptr<lease::VaultSide> side;
  std::unique_ptr<lease::HolderLink> link;
  std::unique_ptr<Gateway> gateway;
  std::uint16_t port = 0;
  std::string ca_pem;
  io::Certificate own_certificate;
  Limits limits;  ///< of the next gateway that is begun

 private:
  void start_gateway(std::size_t tenant_exchanges, std::size_t connections);
  io::Loop& gateway_loop_;
};

inline std::string request(const std::string& method, const std::string& target,
                           const std::string& headers = {}, const std::string& body = {}) {
  return method + " " + target + " HTTP/1.1\r\nhost: gateway.test:8701\r\n" + headers +
         (body.empty() ? "" : "content-length: " + std::to_string(body.size()) + "\r\n") + "\r\n" +
         body;
}
inline std::string with_pass() {
  return "x-goog-api-key: " + kGeminiPass + "\r\n";
}
inline std::string ok(const std::string& body = "fine", const std::string& headers = {}) {
  return "HTTP/1.1 200 OK\r\n" + headers + "content-length: " + std::to_string(body.size()) +
         "\r\n\r\n" + body;
}

/// One loop for all; a story of at most 20 s.
class GatewayTest : public testing::Test {
 protected:
  GatewayTest() : loop(clock), world(loop, loop) {
    world.provider.answer = [](const Provider::Seen&) { return ok(); };
  }
  void run(io::Task<void> story);
  io::Task<Answer> ask(std::string octets, std::string method = "GET");
  [[nodiscard]] Provider::Seen last_seen() const {
    return world.provider.seen.empty() ? Provider::Seen() : world.provider.seen.back();
  }

  SystemClock clock;
  io::Loop loop;
  World world;

 private:
  io::Task<void> finish(io::Task<void> story);
  io::Task<void> give_up();
  bool is_done_ = false;
};

}  // namespace strongroom::gateway
