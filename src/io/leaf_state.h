// What a Leaf holds; for io's own files. SPDX-License-Identifier: Apache-2.0
#pragma once

#include "io/certificate_making.h"
#include "io/leaf.h"

namespace strongroom::io {

struct Leaf::State {
  std::string host;
  Validity validity;
  Cert certificate;
  Key key;
};

}  // namespace strongroom::io
