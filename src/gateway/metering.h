// Metering: what limits one exchange of a connection, and what it turns out to cost.
//
// Used by: Connection; begun anew for each request. The counters are in limits/; this joins them
// with one exchange. Threads: the gateway's loop. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>

#include "catalog/service.h"
#include "gateway/limits/quotas.h"
#include "gateway/limits/tenant_gate.h"
#include "gateway/limits/usage_reader.h"
#include "gateway/refusal.h"
#include "http/head.h"
#include "lease/messages.h"

namespace strongroom::gateway {

[[nodiscard]] std::string_view name_of(lease::PolicyScope scope);
/// The refusal of a limit, and what its answer says beside the text.
[[nodiscard]] Refusal refusal_of_excess(const Excess& excess, RefusalDetail& detail);

class Metering {
 public:
  TenantGate::Turn turn;
  Quotas::Use use;
  RefusalDetail detail;  ///< of the refusal that is about to be answered

  /// Before the request goes on: is there a budget in what this service's answers state?
  void choose_usage(const catalog::Service& service, std::string_view path,
                    std::span<const lease::GrantedPolicy> policies);
  /// Would the answer to this request leave its cost out?
  [[nodiscard]] bool is_cost_hidden(const http::RequestHead& request, std::string_view query) const;
  /// The answer's body must be readable: no compression is offered to the provider.
  [[nodiscard]] bool reads_body() const { return usage_ != nullptr && !usage_->fields.empty(); }
  /// `encoding`: in which the body is fed.
  void begin_answer(const http::ResponseHead& response, std::string_view encoding);
  void feed(std::string_view content) {
    if (is_reading_) reader_->feed(content);
  }
  struct Exchanged {
    std::uint64_t bytes_up = 0;
    std::uint64_t bytes_down = 0;
    int status = 0;  ///< the provider's; 0 when none came
    bool is_whole = false;
  };
  /// Ends the use and the turn. Views stay good as long as the catalogue.
  Quotas::Cost end(const Exchanged& exchanged);

 private:
  const catalog::Usage* usage_ = nullptr;
  std::unique_ptr<UsageReader> reader_;
  bool is_reading_ = false;
};

}  // namespace strongroom::gateway
