// PassPatterns: the passes of one session, on their way to where they do not belong (threats.md D).
//
// Of passes only prefix, length, alphabet and hash are known here: what has the shape of one, in
// any form, is hashed and compared; a flood of such is taken for passes. Forms: as it is; base64
// and base64url at each of the three offsets; hex in either case; percent-, JSON- and HTML-escaped,
// each character escaped or not. Used by: Guard. Threads: read only once made.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "guard/patterns.h"
#include "guard/starts.h"
#include "lease/messages.h"

namespace strongroom::gateway {

class PassPatterns final : public guard::Patterns {
 public:
  /// Null when there is nothing to look for.
  static std::shared_ptr<const PassPatterns> make(std::span<const lease::SessionPass> passes);
  [[nodiscard]] guard::Found find(ByteView data, std::size_t from) const override;

 private:
  /// What has been read of a candidate.
  class Candidate;
  /// How many more may turn out to be none.
  class Doubts;

  PassPatterns() = default;
  void add(const lease::SessionPass& pass);
  void mark_starts(ByteView prefix);
  [[nodiscard]] guard::Found try_form(Form form, ByteView prefix, ByteView rest,
                                      Doubts& doubts) const;
  [[nodiscard]] static guard::Found::Kind read_plain(ByteView rest, Candidate& candidate);
  [[nodiscard]] static guard::Found::Kind read_hex(ByteView rest, Candidate& candidate);
  [[nodiscard]] static guard::Found::Kind read_base64(std::size_t offset, ByteView rest,
                                                      Candidate& candidate);
  [[nodiscard]] static guard::Found::Kind read_escaped(guard::EscapeKind kind, ByteView rest,
                                                       Candidate& candidate);
  [[nodiscard]] bool is_pass(ByteView text) const;

  std::vector<std::string> prefixes_;
  std::vector<lease::PassHash> hashes_;  ///< in order
  guard::Starts starts_;
};

}  // namespace strongroom::gateway
