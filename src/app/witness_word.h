// What the witness of [anchor] says of the record at a start. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "app/config.h"
#include "audit/log.h"
#include "vault/anchor.h"

namespace strongroom::app {

/// Nothing where none is named. Sealed where it does not answer and is required; where it is not,
/// the start goes on, and the log says so.
[[nodiscard]] Result<std::optional<vault::WitnessWord>> word_of_witness(const Clock& clock,
                                                                        const audit::Log& record,
                                                                        const Config& config);

}  // namespace strongroom::app
