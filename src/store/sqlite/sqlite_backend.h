// The rows of a SQLite database as a Backend. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "store/sqlite/connection.h"

namespace strongroom::store::sqlite {

/// Shared, so that a test can change rows behind the store's back.
[[nodiscard]] std::unique_ptr<Backend> make_backend(std::shared_ptr<Connection> connection);

}  // namespace strongroom::store::sqlite
