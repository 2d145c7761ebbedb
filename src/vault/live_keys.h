// LiveKeys: which keys are not revoked, and until when the values in use are good. Gathered while a
// start verifies all rows, so that a million of them are read once.
//
// Used by: the vault's start. Threads: what looks on is called on several; the rest is the loop's.
// Inside the room only. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/unordered/unordered_flat_set.hpp>
#include <cstdint>
#include <mutex>
#include <span>
#include <unordered_map>
#include <vector>

#include "store/store.h"

namespace strongroom::vault {

/// A million of them at a start: no allocation each.
using KeySet = boost::unordered_flat_set<KeyId, std::hash<KeyId>>;

class LiveKeys {
 public:
  /// It outlives what it answers.
  [[nodiscard]] store::Onlooker onlooker();
  /// Instead of looking on: of a database that was changed since it was verified.
  [[nodiscard]] Status read(store::Store& store);

  [[nodiscard]] KeySet ids() const;
  /// Of those whose version in use has an end: when, in microseconds since 1970.
  [[nodiscard]] std::unordered_map<KeyId, std::int64_t> ends() const;

 private:
  void take(std::span<const store::KeySeen> rows);
  void take(std::span<const store::VersionSeen> rows);

  struct Live {
    KeyId key;
    std::int64_t version;
  };
  struct End {
    KeyId key;
    std::int64_t version;
    std::int64_t at;
  };
  std::mutex one_at_a_time_;
  std::vector<Live> live_;
  std::vector<End> ends_;
};

}  // namespace strongroom::vault
