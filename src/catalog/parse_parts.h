// The parts of a service's file, each a table read and checked alone. Used by: parse.cpp.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "catalog/section.h"
#include "catalog/service.h"

namespace strongroom::catalog {

[[nodiscard]] Status read_placement(const Section& section, const Service& service,
                                    Placement& into);
[[nodiscard]] Status read_denied(const Section& section, Service& service);
[[nodiscard]] Status read_redaction(const Section& section, Service& service);
/// range_paths of the root.
[[nodiscard]] Status read_ranges(const Section& root, Service& service);
/// 'path' of a request that the server makes itself: with its query, and spelled in one way alone.
[[nodiscard]] Status check_target(const Section& section, const std::string& target);
/// 'only_for': settings of the service, each with the one value that it must have.
[[nodiscard]] Status read_only_for(const Section& section, const Service& service,
                                   std::vector<std::pair<std::string, std::string>>& into);
[[nodiscard]] Status read_check(const Section& section, Service& service);
/// After [check] and 'inject', which it is about.
[[nodiscard]] Status read_revocation(const Section& section, Service& service);
/// After 'inject', [revoke] and 'git_host', from which it differs.
[[nodiscard]] Status read_key_kind(const Section& section, Service& service);
[[nodiscard]] Status read_variable(const Section& section, Service& service);
[[nodiscard]] Status read_setting(const Section& section, Service& service);
[[nodiscard]] Status read_usage(const Section& section, Service& service);
[[nodiscard]] Status read_oauth(const Section& section, Service& service);
/// [[rewrite_header]] and [[rewrite_body]] of the root.
[[nodiscard]] Status read_rewrites(const Section& root, Service& service);

}  // namespace strongroom::catalog
