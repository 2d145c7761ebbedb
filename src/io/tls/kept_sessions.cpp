// SPDX-License-Identifier: Apache-2.0
#include "io/tls/kept_sessions.h"

#include <utility>

namespace strongroom::io {

void KeptSessions::keep(const std::string& host, SSL_SESSION* session) {
  Session copy(SSL_SESSION_dup(session));
  if (copy == nullptr) return;
  if (of_host_.size() >= kMostHosts && !of_host_.contains(host)) of_host_.clear();
  auto& kept = of_host_[host];
  if (kept.size() >= kMostOfHost) kept.erase(kept.begin());
  kept.push_back(std::move(copy));
}

KeptSessions::Session KeptSessions::take(const std::string& host) {
  const auto found = of_host_.find(host);
  if (found == of_host_.end()) return nullptr;
  auto& kept = found->second;
  if (kept.size() == 1) return Session(SSL_SESSION_dup(kept.back().get()));
  Session newest = std::move(kept.back());
  kept.pop_back();
  return newest;
}

}  // namespace strongroom::io
