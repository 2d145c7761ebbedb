// SQLite's own online backup as a Copying. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "store/sqlite/connection.h"

namespace strongroom::store::sqlite {

[[nodiscard]] Result<std::unique_ptr<Copying>> begin_copy(std::shared_ptr<Connection> from,
                                                          const std::string& path);

}  // namespace strongroom::store::sqlite
