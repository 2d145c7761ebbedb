// SPDX-License-Identifier: Apache-2.0
#include "api/router.h"

#include <algorithm>

#include "base/encoding.h"

namespace strongroom::api {
namespace {

using Parameters = std::map<std::string, std::string, std::less<>>;

/// Takes "/segment" off the front.
std::string_view take_segment(std::string_view& path) {
  path.remove_prefix(1);
  const std::string_view segment = path.substr(0, path.find('/'));
  path.remove_prefix(segment.size());
  return segment;
}

bool matches(std::string_view pattern, std::string_view path, Parameters& parameters) {
  parameters.clear();
  while (!pattern.empty() && !path.empty()) {
    const std::string_view wanted = take_segment(pattern);
    const std::string_view given = take_segment(path);
    if (!wanted.starts_with('{')) {
      if (wanted != given) return false;
      continue;
    }
    auto value = percent_decode(given);
    if (!value || value->empty()) return false;
    parameters.emplace(wanted.substr(1, wanted.size() - 2), std::move(*value));
  }
  return pattern.empty() && path.empty();
}

}  // namespace

Route find_route(std::string_view method, std::string_view path) {
  Route route;
  if (!path.starts_with('/')) return route;
  for (const Operation& operation : operations()) {
    Parameters parameters;
    if (!matches(operation.path, path, parameters)) continue;
    if (operation.method == method) {
      route.operation = &operation;
      route.parameters = std::move(parameters);
      return route;
    }
    if (!route.allowed.empty()) route.allowed += ", ";
    route.allowed += operation.method;
  }
  return route;
}

}  // namespace strongroom::api
