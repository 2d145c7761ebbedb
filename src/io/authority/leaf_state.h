// What a Leaf holds; for io's own files. SPDX-License-Identifier: Apache-2.0
#pragma once

#include "io/authority/certificate_making.h"
#include "io/authority/leaf.h"

namespace strongroom::io {

struct Leaf::State {
  Validity validity;
  Cert certificate;
  Key key;
};

}  // namespace strongroom::io
