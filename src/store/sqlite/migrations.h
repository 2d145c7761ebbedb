// The schema, step by step. A step, once released, never changes. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>

namespace strongroom::store::sqlite {

struct Migration {
  int version;
  std::string_view statements;
};
[[nodiscard]] std::span<const Migration> migrations();

}  // namespace strongroom::store::sqlite
