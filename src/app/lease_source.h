// What leases need of the vault and the record of use, joined. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "app/config.h"
#include "app/gateway_certificate.h"
#include "audit/log.h"
#include "catalog/catalog.h"
#include "io/loop.h"
#include "io/tls/tls.h"
#include "lease/vault_side.h"
#include "vault/vault.h"

namespace strongroom::app {

class VaultLeaseSource final : public lease::LeaseSource {
 public:
  struct Parts {
    io::Loop& loop;
    vault::Vault& vault;
    audit::Log& record;
    const catalog::Catalog& catalog;
    const Config& config;
    const GatewayCertificate& certificate;
    std::string console_url;  ///< for refusals that a person mends there
  };
  explicit VaultLeaseSource(Parts parts) : parts_(std::move(parts)) {}

  lease::VaultHello vault_hello(lease::HolderRole role) override;
  std::string report_credential(SessionId session) override {
    return parts_.vault.report_credential(session);
  }
  Result<lease::GrantedLease> open_by_pass(const lease::PassHash& pass_hash,
                                           std::string_view service) override;
  SessionId session_of_pass(const lease::PassHash& pass_hash) const override;
  Result<std::vector<lease::GrantedLease>> open_injected(SessionId session) override;
  [[nodiscard]] bool is_renewing(SessionId session) const override {
    return parts_.vault.is_renewing(session);
  }
  bool may_continue(SessionId session, KeyId key) const override;
  bool was_given(SessionId session, KeyId key) const override {
    return parts_.vault.was_given(session, key);
  }
  std::uint64_t on_intents(std::span<const lease::Use> uses,
                           std::function<void()> durable) override;
  void on_settled(std::span<const lease::SettledUse> settled) override;
  void on_finding(const lease::Finding& finding) override;
  void on_refusals(const lease::Refusals& refusals) override;
  lease::SpentToday spent_by_others(PolicyId policy, HolderId gateway) const override;
  void on_holder_gone(HolderId holder) override;
  void on_verdict(const lease::Observed& observed) override;
  void on_session_active(SessionId session) override { parts_.vault.note_active(session); }
  void on_session_over(SessionId session, std::int32_t exit_status) override;
  void on_holder_lost(const lease::HolderHello& holder, bool said_session_over) override;

  /// Ends a session in the background; its receipt is kept.
  void end_session(SessionId session, std::string why);
  /// Uses recorded so far, for metrics.
  [[nodiscard]] std::uint64_t uses() const { return uses_; }
  /// Called for each code of Refusals; set once, by who counts them.
  std::function<void(const std::string& code, std::uint32_t count)> count_refusals;

 private:
  io::Task<void> end(SessionId session, std::string why);
  Parts parts_;
  std::vector<audit::Use> scratch_;
  std::uint64_t uses_ = 0;
};

[[nodiscard]] lease::ServerCertificate to_message(const io::Certificate& certificate);

/// A plaintext as the lease protocol carries it; rates of its policies are shared by so many
/// gateways.
[[nodiscard]] lease::GrantedLease to_granted(vault::OpenedKey&& opened, int gateways = 1);

}  // namespace strongroom::app
