// The way between OpenSSL and a socket. Unlike OpenSSL's own it raises no SIGPIPE, asks the kernel
// nothing when the last read took all there was, and cannot touch a descriptor that has been closed
// and given to somebody else. For io's own files. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/bio.h>

namespace strongroom::io {

/// One socket as its BIO sees it; outlives the BIO's use.
struct SocketEnd {
  int fd = -1;  ///< -1 once closed
  bool is_drained =
      false;  ///< a read came back short: nothing to be had until the loop says readable
  bool has_ended = false;
};

[[nodiscard]] BIO* new_socket_bio(SocketEnd& end);

}  // namespace strongroom::io
