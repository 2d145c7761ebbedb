// Router: finds the operation for a method and a path, by the table. SPDX-License-Identifier:
// Apache-2.0
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "api/operations.h"

namespace strongroom::api {

struct Route {
  const Operation* operation = nullptr;  ///< null: see `allowed`
  std::map<std::string, std::string, std::less<>> parameters;
  std::string allowed;  ///< methods that the path has ("GET, POST"); empty: no such path
};
/// `path` as received. A parameter is one whole segment, percent-decoded, not empty.
[[nodiscard]] Route find_route(std::string_view method, std::string_view path);

}  // namespace strongroom::api
