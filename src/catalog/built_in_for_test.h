// The built-in services, read once for all tests of a program. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "catalog/catalog.h"

namespace strongroom::catalog {

inline const Catalog& built_in() {
  static const Catalog kCatalog = [] {
    auto catalog = Catalog::from_sources(built_in_sources());
    EXPECT_TRUE(catalog) << catalog.error().message;
    return catalog ? std::move(*catalog) : Catalog();
  }();
  return kCatalog;
}
inline const Service& service(const std::string& id) {
  const auto* found = built_in().find(id);
  EXPECT_NE(found, nullptr) << id;
  static const Service kNone;
  return found == nullptr ? kNone : *found;
}

}  // namespace strongroom::catalog
