// SPDX-License-Identifier: Apache-2.0
#include "gateway/metering.h"

#include <algorithm>

#include "base/encoding.h"
#include "catalog/catalog.h"
#include "gateway/admission.h"

namespace strongroom::gateway {

std::string_view name_of(lease::PolicyScope scope) {
  switch (scope) {
    case lease::PolicyScope::Tenant:
      return "tenant";
    case lease::PolicyScope::Service:
      return "service";
    case lease::PolicyScope::Key:
      return "key";
  }
  return "key";
}

Refusal refusal_of_excess(const Excess& excess, RefusalDetail& detail) {
  detail.limit_of = name_of(excess.scope);
  detail.retry_after = std::chrono::ceil<std::chrono::seconds>(excess.retry_after);
  switch (excess.what) {
    case Excess::What::Rate:
      return Refusal::RateLimited;
    case Excess::What::Concurrent:
      return Refusal::TooManyAtOnce;
    case Excess::What::Bytes:
      return Refusal::BytesSpent;
    case Excess::What::Budget:
      return Refusal::BudgetSpent;
  }
  return Refusal::RateLimited;
}

void Metering::choose_usage(const catalog::Service& service, std::string_view path,
                            std::span<const lease::GrantedPolicy> policies) {
  usage_ = nullptr;
  is_reading_ = false;
  const bool has_budget = std::ranges::any_of(
      policies, [](const auto& each) { return !each.policy.budget.unit.empty(); });
  if (!has_budget) return;
  const auto found = std::ranges::find_if(service.usage, [&](const catalog::Usage& each) {
    return catalog::path_matches(each.path, path);
  });
  if (found == service.usage.end()) return;
  const bool is_asked = std::ranges::any_of(
      policies, [&](const auto& each) { return each.policy.budget.unit == found->unit; });
  if (!is_asked) return;
  usage_ = &*found;
  if (reader_ == nullptr) reader_ = std::make_unique<UsageReader>();
  reader_->start(*usage_, UsageReader::Form::Other);
}

bool Metering::is_cost_hidden(const http::RequestHead& request, std::string_view query) const {
  if (usage_ == nullptr) return false;
  const auto hides = [&](std::string_view name, std::string_view with_value) {
    return std::ranges::any_of(usage_->hidden_by, [&](const std::string& each) {
      const bool has_value = each.find('=') != std::string::npos;
      return http::equals_ignoring_case(has_value ? with_value.substr(0, each.size()) : name, each);
    });
  };
  for (const auto& header : request.headers)
    if (hides(header.name, {})) return true;
  bool is_hidden = false;
  for_each_parameter(query, [&](std::string_view parameter) {
    const std::string plain = percent_decode(parameter).value_or(std::string(parameter));
    is_hidden = is_hidden || hides(parameter_name(plain), plain);
  });
  return is_hidden;
}

void Metering::begin_answer(const http::ResponseHead& response, std::string_view encoding) {
  if (usage_ == nullptr) return;
  const auto* type = response.headers.find(http::Name::ContentType);
  reader_->start(
      *usage_, UsageReader::form_of(type == nullptr ? std::string_view() : type->value, encoding));
  if (!usage_->header.empty()) {
    if (const auto* stated = response.headers.find(usage_->header); stated != nullptr)
      reader_->feed_header(stated->value);
  }
  is_reading_ = true;
}

Quotas::Cost Metering::end(const Exchanged& exchanged) {
  Quotas::Cost cost;
  cost.bytes = exchanged.bytes_up + exchanged.bytes_down;
  if (usage_ != nullptr) {
    const auto stated = reader_->stated();
    // A body that was cut short may have stated only a part; a refusal costs what it says.
    const bool is_in_part = usage_->header.empty() && !exchanged.is_whole;
    const bool guesses = usage_->estimate && exchanged.status < 400 && (!stated || is_in_part);
    const std::uint64_t guess = guesses ? reader_->estimate(exchanged.bytes_up) : 0;
    cost.unit = usage_->unit;
    cost.units = std::max(stated.value_or(0), guess);
    // What is free (a list of models) says nothing of what those under way will cost.
    cost.is_usual = exchanged.status >= 200 && exchanged.status < 300 && cost.units > 0;
  }
  use.end(cost);
  turn.leave();
  usage_ = nullptr;
  is_reading_ = false;
  return cost;
}

}  // namespace strongroom::gateway
