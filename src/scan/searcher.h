// Searcher: a process of its own that knows the values of one tenant and nothing else, and looks
// for them in octets that somebody else reads. It has no file, no network and no root key, so that
// whatever it is sent stays with it.
//
// Used by: app (`strongroom serve` and `strongroom run` start it). Threads: one.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "base/id.h"
#include "base/result.h"
#include "base/secret.h"

namespace strongroom::scan {

struct SoughtValue {
  KeyId key;
  Secret value;
};

/// All of them in a pipe, at once. TooLarge: it does not hold them.
[[nodiscard]] Result<int> pipe_of_values(const std::vector<SoughtValue>& values);

/// Exit statuses of a searcher.
enum class SearchEnd : std::uint8_t { NothingFound = 0, Broken = 1, Found = 10 };
/// The whole life of a searcher, over kSearcherSocket and kSearcherValues.
[[nodiscard]] SearchEnd search_as_told();

}  // namespace strongroom::scan
