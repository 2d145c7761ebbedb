// What configurations of images and bundles have in common, in whichever document.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "workroom/environment.h"

namespace strongroom::workroom {

/// The texts of a list; what is none is passed over.
[[nodiscard]] std::vector<std::string> texts_of(const json::object& object,
                                                std::string_view member);
/// A list of "NAME=VALUE".
[[nodiscard]] std::vector<PlainVariable> variables_of(const json::object& object,
                                                      std::string_view member);

}  // namespace strongroom::workroom
