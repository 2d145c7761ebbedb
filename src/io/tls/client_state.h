// What a TlsClient holds; for io's own files. SPDX-License-Identifier: Apache-2.0
#pragma once

#include "io/tls/kept_sessions.h"
#include "io/tls/state.h"

namespace strongroom::io {

struct TlsClient::State {
  SslContext context;
  KeptSessions sessions;
};

}  // namespace strongroom::io
