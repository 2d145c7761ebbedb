// The schema, step by step. A step, once released, never changes: its checksum is in each database.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>

#include "base/result.h"

namespace strongroom::store::sqlite {

class Connection;

struct Migration {
  int version = 0;  ///< 1, 2, 3...
  std::string_view statements;
};
[[nodiscard]] std::span<const Migration> migrations();

/// Applies the steps that the database lacks, each all or nothing. Unsupported for a database of a
/// newer program; Tampered when its schema is not exactly what the steps make (a trigger, a dropped
/// constraint).
[[nodiscard]] Status bring_up_to_date(Connection& connection, std::span<const Migration> steps);

/// The same, and Unsupported as well for a database that lacks a step: nothing is changed.
[[nodiscard]] Status prove_up_to_date(Connection& connection, std::span<const Migration> steps);

}  // namespace strongroom::store::sqlite
