// Hashing passwords on a thread of its own: Argon2id takes a tenth of a second, and the loop renews
// leases meanwhile. What was typed travels there in the closure and lives in no coroutine.
//
// Used by: handlers of passwords. Threads: the loop's. Inside the room only.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "api/operations.h"

namespace strongroom::api {

struct TypedPassword {
  Secret typed;
  vault::PasswordTask task;
};

/// What Argon2id made of each, in their order.
using Derived = Result<std::shared_ptr<const std::vector<Secret>>>;

/// An answer to be waited for: what `then` makes of it.
[[nodiscard]] Reply hashed(Call& call, std::vector<TypedPassword> passwords,
                           std::function<Answer(const Derived&)> then);
/// Of one.
[[nodiscard]] Reply hashed(Call& call, Secret typed, vault::PasswordTask task,
                           std::function<Answer(const Derived&)> then);

}  // namespace strongroom::api
