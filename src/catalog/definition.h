// Definition: a service that somebody is writing, looked at as the start of the server would.
//
// Used by: api. Threads: any. Nothing is kept of it: what defines services is files that the
// operator puts into the folder. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "catalog/catalog.h"

namespace strongroom::catalog {

struct Verdict {
  std::optional<Service> service;  ///< none: the server would not start with it
  std::string why;                 ///< of a refusal, for people
  long line = 0;                   ///< of the definition, where the mistake is at one
};

/// Every rule that a start applies, those between services included.
[[nodiscard]] Verdict check_definition(const Catalog& catalog, std::string text);

}  // namespace strongroom::catalog
