// Leaf: the certificate of one host, and the key that goes with it.
//
// Made by: SessionAuthority. Used by: LeafMint, TlsServer. Threads: immutable; copies share what
// they hold and outlive the authority. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"

namespace strongroom::io {

/// When a certificate is good; whole seconds, both ends included (RFC 5280 4.1.2.5).
struct Validity {
  WallTime from;
  WallTime until;
  [[nodiscard]] bool covers(WallTime time) const { return from <= time && time <= until; }
};

class Leaf {
 public:
  struct State;
  explicit Leaf(std::shared_ptr<const State> state) : state_(std::move(state)) {}
  [[nodiscard]] const Validity& validity() const;
  [[nodiscard]] std::string certificate_pem() const;
  [[nodiscard]] const State& state() const { return *state_; }

 private:
  std::shared_ptr<const State> state_;
};

}  // namespace strongroom::io
