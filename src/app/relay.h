// relay: `strongroom relay`, the listener inside a workroom to which the names of granted hosts
// lead; hands each connection on to the gateway's Unix socket, with the session's proxy credential
// in front (gateway/transparent_ingress.cpp). Looks at nothing. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "app/call.h"

namespace strongroom::app {

struct RelayOptions {
  std::string listen = "127.0.0.1:443";
  std::string socket;  ///< empty: gateway.sock of the data directory
};

/// The credential is read from STRONGROOM_PROXY_CREDENTIAL. Prints "ready"; ends on SIGTERM.
int relay(const Common& common, const RelayOptions& options);

}  // namespace strongroom::app
