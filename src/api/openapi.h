// The OpenAPI 3.1 document, made from the table of operations. SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/json.h"

namespace strongroom::api {

[[nodiscard]] json::object openapi_document();

}  // namespace strongroom::api
